import { expect, it } from "vitest";
import type { Outcome } from "../../../harness/harness.ts";
import { latenessBoundNs, latenessScenarios, worstLatenessNs } from "../../../harness/lateness.ts";
import type { CompiledScenario } from "../../../scenario/compiled-scenario.ts";
import type { LogRecord, StepResult, Trace } from "../../../scenario/trace.ts";

const MS = 1_000_000;
const START_NS = 1_000 * MS;
const END_NS = START_NS + 30 * MS;
const OPERATIONS_PER_TIMER = 4;

const record = (site: number, timeNs: number, value: number): LogRecord => ({
  site,
  cpu: 0,
  timeNs,
  value,
  aux: 0x100,
});

/** The first watched timer, which is due at once, fires so late, or never; the others are not started. */
function traceWith(lateNs: number | undefined, { sites, steps }: CompiledScenario): Trace {
  const ofFirst = (sites ?? []).flatMap((site, index) =>
    site.program === 0 && site.callback === null && Number(site.operation) < OPERATIONS_PER_TIMER ? [index] : [],
  );
  const entry = (sites ?? []).findIndex(({ program, operation }) => program === 0 && operation === "entry");
  const calls = ofFirst.map((site, index) => record(site, START_NS, index === 0 ? 1 : 0));
  const firings = lateNs === undefined ? [] : [record(entry, START_NS + lateNs, 0)];
  const started = steps.findIndex((step) => step.kind === "run" && step.program === "p0");
  const results = steps.map((_, index): StepResult => {
    const isLast = index === steps.length - 1;
    const records = [...(index === started ? calls : []), ...(isLast ? firings : [])];
    return { result: 0, timeNs: isLast ? END_NS : START_NS, records };
  });
  return { format: "bpf-timer-conformance/trace", version: 1, steps: results, droppedRecords: 0, complaints: [] };
}

/** The worst, where each scenario in its turn is so late; what has no number comes in time. */
const worstOf = (...latenessesNs: (number | undefined)[]): Promise<number> =>
  worstLatenessNs(latenessScenarios(1), async (cases) =>
    cases.map((compiled, index): Outcome => {
      const lateNs = index < latenessesNs.length ? latenessesNs[index] : 0;
      return { kind: "trace", trace: traceWith(lateNs, compiled) };
    }),
  );

it("is the worst of all scenarios", async () => {
  expect(await worstOf(1 * MS, 2 * MS, 8 * MS, 3 * MS)).toBe(8 * MS);
  expect(await worstOf()).toBe(0);
});

it("counts a firing that never came as one that came at the end", async () => {
  expect(await worstOf(0, undefined)).toBe(30 * MS);
});

it("is nothing where there was nothing to see", async () => {
  expect(await worstLatenessNs(latenessScenarios(1), async () => [{ kind: "error", reason: "no timers" }])).toBe(0);
});

it("is looked for on every processor", () => {
  const cpus = (processors: number) =>
    new Set(latenessScenarios(processors).flatMap(({ steps }) => steps.map((each) => "cpu" in each && each.cpu)));
  expect([...cpus(1)]).toEqual([false]);
  expect([...cpus(2)]).toEqual([false, 1]);
});

it.each([
  ["virtual", 3_000, 50_000],
  ["virtual", 100_000, 400_000],
  ["real", 3_000, 10 * MS],
  ["real", 8 * MS, 32 * MS],
] as const)("gives a bound in %s time: after %d ns, %d", (kind, worstNs, boundNs) => {
  expect(latenessBoundNs(kind, worstNs)).toBe(boundNs);
});
