/** The smallest runtime: it stays small, and answers what it says that it answers. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { casesFor } from "../../conformance/cases.ts";
import { checkGuarantee } from "../../conformance/check-guarantee.ts";
import { openRuntime } from "../../conformance/runtime.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";

const PROGRAM = new URL("../../examples/minimal-runtime.py", import.meta.url).pathname;
const GUARANTEES = ["init.succeeds", "init.already-initialized", "init.invalid-clock"];
const LINES_MAX = 99;
const SEED = 7;
const CASES = 50;

const catalogue = await loadCatalogue();

test("it has less than 100 lines", async () => {
  const lines = (await readFile(PROGRAM, "utf8")).trimEnd().split("\n");
  expect(lines.length).toBeLessThanOrEqual(LINES_MAX);
});

test.each(GUARANTEES)("it keeps %s, every clause of it", async (id) => {
  const guarantee = catalogue.find((each) => each.id === id);
  if (guarantee === undefined) throw new Error(`no guarantee ${id}`);
  const harness = await openRuntime(`process:python3 '${PROGRAM}'`, { progress: () => undefined });
  try {
    const { result } = await checkGuarantee(guarantee, harness, {
      cases: casesFor(guarantee, SEED, CASES),
      seed: SEED,
    });
    expect(result).toMatchObject({ verdict: "holds", exercised: result.cases });
    expect(result.cases).toBeGreaterThan(0);
    expect(result.clauses.map(({ verdict }) => verdict)).toEqual(guarantee.clauses.map(() => "holds"));
  } finally {
    await harness.close();
  }
});
