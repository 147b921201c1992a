/** Programs and maps that one case after another uses: no case can tell them from new ones. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { casesFor } from "../../conformance/cases.ts";
import { compareOutcomes } from "../../conformance/diff.ts";
import type { Harness, Outcome } from "../../harness/harness.ts";
import { openKernel } from "../../harness/kernel/index.ts";
import { mayReuse } from "../../harness/kernel/reuse.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";

const SEED = 17;
const CASES = 12;
/** Guarantees whose cases leave timers armed, elements written, and programs that start themselves again. */
const GUARANTEES = [
  "callback.updates-own-element",
  "init.already-initialized",
  "ownership.user-update-frees",
  "set-callback.replaced-by-other-program",
  "start.fires",
  "start.rearm-from-callback",
];

const cases = (await loadCatalogue())
  .filter(({ id }) => GUARANTEES.includes(id))
  .flatMap((guarantee) => casesFor(guarantee, SEED, CASES).map(({ compiled }) => compiled))
  .filter(mayReuse);

/** The same case with programs of names that no other has: what it uses is made for it. */
function alone(compiled: CompiledScenario, index: number): CompiledScenario {
  const own = (name: string): string => `${name}_${index}`;
  return {
    ...compiled,
    programs: compiled.programs.map((program) => ({ ...program, name: own(program.name) })),
    steps: compiled.steps.map((step) => ("program" in step ? { ...step, program: own(step.program) } : step)),
  };
}

/** What loading its first program took, nanoseconds. */
function loadingNs(compiled: CompiledScenario, outcome: Outcome | undefined): number {
  if (outcome?.kind !== "trace") throw new Error(`no trace but ${JSON.stringify(outcome)}`);
  const at = compiled.steps.findIndex(({ kind }) => kind === "load-program");
  const [before, after] = [outcome.trace.steps[at - 1]?.timeNs, outcome.trace.steps[at]?.timeNs];
  return (after ?? Number.NaN) - (before ?? Number.NaN);
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

describe("programs that are used again", () => {
  let kernel: Harness;
  beforeAll(async () => {
    kernel = await openKernel("kernel", { progress: console.error, guests: 1 });
  });
  afterAll(() => kernel?.close());

  it("give the traces that new ones give, and are not loaded again", async () => {
    expect(cases.length).toBeGreaterThan(GUARANTEES.length * 4);
    const fresh = await kernel.run(cases.map(alone));
    await kernel.run(cases);
    const reused = await kernel.run(cases);
    for (const [index, outcome] of reused.entries()) {
      const other = fresh[index];
      expect(other && compareOutcomes(other, outcome)).toBeUndefined();
      expect(outcome).toMatchObject({ kind: "trace", trace: { complaints: [], droppedRecords: 0 } });
    }
    const loading = (outcomes: readonly Outcome[]) =>
      median(cases.map((compiled, index) => loadingNs(compiled, outcomes[index])));
    expect(loading(reused)).toBeLessThan(loading(fresh) / 10);
  });
});
