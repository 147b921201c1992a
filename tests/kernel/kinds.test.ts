/** Directed cases of the kinds that public reports showed: the emulator and the kernels give the same. */
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compareOutcomes } from "../../conformance/diff.ts";
import { branchingReturn, branchingReturnStraight } from "../../generators/branching-callback.ts";
import { fullLru } from "../../generators/full-lru.ts";
import { anyWithInterruptsOff } from "../../generators/interrupts-off.ts";
import { lockUpdate } from "../../generators/lock-update.ts";
import { openEmulator } from "../../harness/emulator/index.ts";
import type { Harness, Outcome } from "../../harness/harness.ts";
import { openKernel } from "../../harness/kernel/index.ts";
import { compile } from "../../scenario/compile.ts";
import type { Scenario } from "../../scenario/scenario.ts";

const CASES = 30;
const SEED = 8;

const KINDS: readonly (readonly [string, fc.Arbitrary<Scenario>])[] = [
  ["updates with BPF_F_LOCK", lockUpdate],
  ["full LRU maps with lists of their own", fullLru],
  ["calls with interrupts off", anyWithInterruptsOff],
  ["callbacks that return something else on a branch", branchingReturn],
  ["callbacks that return something else straight on", branchingReturnStraight],
];

const MISSING: Outcome = { kind: "error", reason: "no outcome" };

describe.each(["6.1", "6.12", "7.3"])("kernel:%s and the emulator", (version) => {
  let kernel: Harness;

  beforeAll(async () => {
    kernel = await openKernel(`kernel:${version}`, { progress: () => undefined });
  });
  afterAll(() => kernel.close());

  it.each(KINDS)("%s", async (_, kind) => {
    const scenarios = fc.sample(kind, { seed: SEED, numRuns: CASES });
    const compiled = scenarios.map(compile);
    const emulated = await openEmulator(`emulator:${version}`).run(compiled);
    const real = await kernel.run(compiled);
    for (const [at, scenario] of scenarios.entries()) {
      const difference = compareOutcomes(emulated[at] ?? MISSING, real[at] ?? MISSING);
      expect(difference, JSON.stringify(scenario)).toBeUndefined();
    }
  });
});
