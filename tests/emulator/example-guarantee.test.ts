/** The guarantee of docs/ADDING-A-GUARANTEE.md, through the same engine as those of the catalogue. */
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { casesFor } from "../../conformance/cases.ts";
import { checkGuarantee } from "../../conformance/check-guarantee.ts";
import guarantees from "../../examples/guarantee/cancel-keeps-timer.ts";
import { openEmulator } from "../../harness/emulator/index.ts";
import { faultsOf } from "../../specs/guarantee.ts";

const [example] = guarantees;
const SEED = 8;
const CASES = 100;

const judge = (guarantee: (typeof guarantees)[number], runtime: string) =>
  checkGuarantee(guarantee, openEmulator(runtime), { cases: casesFor(guarantee, SEED, CASES), seed: SEED });

describe.each(guarantees)("the example $id", (guarantee) => {
  test.each(["emulator:5.15", "emulator:6.1", "emulator:6.12", "emulator"])(
    "holds on %s in every case",
    async (name) => {
      const { result } = await judge(guarantee, name);
      expect(result).toMatchObject({ verdict: "holds", cases: CASES, exercised: CASES });
    },
  );

  test.each(faultsOf(guarantee))("is violated by its fault %s", async (fault) => {
    const { result, counterexample } = await judge(guarantee, `emulator+fault=${fault}`);
    expect(result.verdict).toBe("violated");
    expect(counterexample?.repeats).toBe(true);
  });
});

test("the guide shows the example as it is", async () => {
  const root = new URL("../../", import.meta.url);
  const guide = await readFile(new URL("docs/ADDING-A-GUARANTEE.md", root), "utf8");
  const file = await readFile(new URL("examples/guarantee/cancel-keeps-timer.ts", root), "utf8");
  expect(guide).toContain(`\`\`\`ts\n${file}\`\`\``);
  expect(guide).toContain(`--guarantee ${example?.id} `);
});
