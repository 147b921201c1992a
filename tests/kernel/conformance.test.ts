/** The catalogue on real kernels, and the emulator against them. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { casesFor } from "../../conformance/cases.ts";
import { checkGuarantee } from "../../conformance/check-guarantee.ts";
import { runDiff } from "../../conformance/diff.ts";
import { openRuntime } from "../../conformance/runtime.ts";
import type { Harness } from "../../harness/harness.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";

const SEED = 61_12;
const CASES = 30;
const DIFF_CASES = 300;
const catalogue = await loadCatalogue();
const quiet = { progress: () => undefined };

describe.each(["6.1", "6.12"])("Linux %s", (series) => {
  let kernel: Harness;
  beforeAll(async () => {
    kernel = await openRuntime(`kernel:${series}`, quiet);
  });
  afterAll(() => kernel.close());

  test("is the kernel that was asked for", () => {
    expect(kernel.version).toMatch(new RegExp(`^${series.replace(".", "\\.")}\\.`));
  });

  test.each(catalogue)("keeps $id, or differs as recorded", async (guarantee) => {
    const cases = casesFor(guarantee, SEED, CASES);
    const { result } = await checkGuarantee(guarantee, kernel, { cases, seed: SEED });
    expect(result).toMatchObject({ verdict: expect.stringMatching(/^(holds|known-divergence|not-applicable)$/) });
    if (result.verdict !== "not-applicable") expect(result.exercised).toBeGreaterThan(0);
  });

  test(`agrees with the emulator on ${DIFF_CASES} random scenarios`, async () => {
    const options = { left: `emulator:${series}`, right: `kernel:${series}`, cases: DIFF_CASES, seed: SEED };
    const { cases, found } = await runDiff({ ...options, ...quiet });
    expect(found?.difference).toBeUndefined();
    expect(cases).toBe(DIFF_CASES);
  });
});
