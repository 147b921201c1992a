/** The runtime in Python: nothing in it is condemned, and each of its deliberate defects is found by what names it. */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { casesFor } from "../../conformance/cases.ts";
import { checkGuarantee } from "../../conformance/check-guarantee.ts";
import { checkGuarantees } from "../../conformance/check-guarantees.ts";
import { runDiff } from "../../conformance/diff.ts";
import type { GuaranteeResult } from "../../conformance/results.ts";
import { openRuntime } from "../../conformance/runtime.ts";
import type { Harness } from "../../harness/harness.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";
import type { Guarantee } from "../../specs/guarantee.ts";

const FOLDER = fileURLToPath(new URL("../../examples/python-runtime/", import.meta.url));
const SEED = 7;
const CASES = 20;
const CATALOGUE_CASES = 4;
const DIFF_CASES = 200;

/** Each defect, and the guarantee that is about what it breaks. */
const FAULTS: Readonly<Record<string, string>> = {
  "cancel-says-inactive": "cancel.active",
  "cancels-itself": "cancel.own-callback",
  "close-leaves-timers": "ownership.close-cancels",
  "delete-leaves-timer": "ownership.user-delete-frees",
  "fires-early": "start.not-before-expiry",
  "fires-elsewhere": "start.cpu-pin",
  "fires-twice": "start.once",
  "inits-twice": "init.already-initialized",
  "keeps-first-callback": "set-callback.latest-wins",
  "starts-without-callback": "start.without-callback",
};

const catalogue = await loadCatalogue();

function guaranteeOf(id: string): Guarantee {
  const guarantee = catalogue.find((each) => each.id === id);
  if (guarantee === undefined) throw new Error(`no guarantee ${id}`);
  return guarantee;
}

const open = (options = ""): Promise<Harness> =>
  openRuntime(`process:python3 '${FOLDER}runtime.py' ${options}`, { progress: () => undefined });

const check = (id: string, harness: Harness) => {
  const guarantee = guaranteeOf(id);
  return checkGuarantee(guarantee, harness, { cases: casesFor(guarantee, SEED, CASES), seed: SEED });
};

describe("as it is", () => {
  let harness: Harness;
  beforeAll(async () => {
    harness = await open();
  });
  afterAll(() => harness.close());

  test("no guarantee of the catalogue condemns it", async () => {
    const casesOf = (guarantee: Guarantee) => casesFor(guarantee, SEED, CATALOGUE_CASES);
    const found = async () => undefined;
    let last: GuaranteeResult[] = [];
    for await (const { results } of checkGuarantees(harness, {
      drawn: catalogue,
      catalogue,
      casesOf,
      seed: SEED,
      found,
    }))
      last = results;
    expect(last).toHaveLength(catalogue.length);
    expect(last.filter(({ verdict }) => verdict === "violated" || verdict === "error")).toEqual([]);
    expect(last.filter(({ exercised }) => exercised > 0).length).toBeGreaterThan(catalogue.length * 0.75);
  });

  test.each(Object.values(FAULTS))("it keeps %s in every case", async (id) => {
    const { result } = await check(id, harness);
    expect(result).toMatchObject({ verdict: "holds", cases: CASES, exercised: CASES });
  });
});

describe("with a deliberate defect", () => {
  test("each that it has is asked for here", () => {
    const { stdout } = spawnSync("python3", ["-c", "import faults; print(*faults.NAMES)"], { cwd: FOLDER });
    expect(stdout.toString().trim().split(" ")).toEqual(Object.keys(FAULTS));
  });

  test.each(Object.entries(FAULTS))("%s is found by %s", async (fault, id) => {
    const harness = await open(`--fault ${fault}`);
    try {
      const { result, counterexample } = await check(id, harness);
      expect(result.verdict).toBe("violated");
      expect(counterexample?.repeats).toBe(true);
    } finally {
      await harness.close();
    }
  });
});

describe("beside the emulator", () => {
  /** Which element an LRU map evicts nobody promises. */
  const WITHOUT_LRU = "import runtime; runtime.HELLO['mapTypes'].remove('BPF_MAP_TYPE_LRU_HASH'); runtime.main()";
  const left = `process:env PYTHONPATH='${FOLDER}' python3 -c "${WITHOUT_LRU}"`;
  const diff = (options = "") =>
    runDiff({
      left: `${left} ${options}`,
      right: "emulator:6.12",
      cases: DIFF_CASES,
      seed: SEED,
      progress: () => undefined,
    });

  test("it agrees in all that both can be asked", async () => {
    const { cases, unasked, found, violations } = await diff();
    expect({ cases, found, violations }).toEqual({ cases: DIFF_CASES, found: undefined, violations: [] });
    expect(unasked).toBeGreaterThan(0);
    expect(unasked).toBeLessThan(DIFF_CASES * 0.75);
  });

  test("where it differs, the smallest case is one that it can be asked", async () => {
    const { found } = await diff("--fault inits-twice");
    expect(found?.repeats).toBe(true);
    expect([found?.difference.left, found?.difference.right].map((text) => text?.split(" ")[0])).toEqual([
      "0",
      "-EBUSY",
    ]);
    expect(found?.compiled.maps.map(({ kind }) => kind)).not.toContain("lru-hash");
  });
});

test("it says what it cannot read, and goes on", () => {
  const lines = [
    { protocol: 1, name: "test", version: "1" },
    { id: 4, scenario: { version: 99 } },
    { id: 5, scenario: { version: 3, maps: "none" } },
  ];
  const { stdout, status } = spawnSync("python3", [`${FOLDER}runtime.py`], {
    input: lines.map((line) => `${JSON.stringify(line)}\n`).join(""),
  });
  const [hello, ...answers] = stdout.toString().trim().split("\n");
  expect(hello).toContain('"executes": true');
  expect(answers.map((line) => JSON.parse(line) as unknown)).toEqual([
    { id: 4, error: expect.stringContaining("version 99") },
    { id: 5, error: expect.any(String) },
  ]);
  expect(status).toBe(0);
});

test("it refuses a version of the protocol that it does not speak", () => {
  const input = `${JSON.stringify({ protocol: 9, name: "test", version: "1" })}\n`;
  const { stderr, status } = spawnSync("python3", [`${FOLDER}runtime.py`], { input });
  expect(status).toBe(1);
  expect(stderr.toString()).toContain("speaks protocol 9");
});
