import { expect, it } from "vitest";
import type { Outcome } from "../../../harness/harness.ts";
import { LATENESS_ROUNDS, latenessBoundNs } from "../../../harness/kernel/lateness.ts";
import type { LogRecord, Trace } from "../../../scenario/trace.ts";

const MS = 1_000_000;
const START_NS = 1_000 * MS;
const END_NS = START_NS + 30 * MS;
const [round] = LATENESS_ROUNDS;
const sites = round?.sites ?? [];
const OPERATIONS_PER_TIMER = 4;

const record = (site: number, timeNs: number, value: number): LogRecord => ({
  site,
  cpu: 0,
  timeNs,
  value,
  aux: 0x100,
});

/** A round in which the first timer, which is due at once, fires so late, or never; the others are not started. */
function roundWith(lateNs: number | undefined): Outcome {
  const first = sites.flatMap((site, index) =>
    site.callback === null && Number(site.operation) < OPERATIONS_PER_TIMER ? [index] : [],
  );
  const entry = sites.findIndex(({ operation }) => operation === "entry");
  const step = (timeNs: number, records: LogRecord[] = []) => ({ result: 0, timeNs, records });
  const calls = first.map((site, index) => record(site, START_NS, index === 0 ? 1 : 0));
  const firings = lateNs === undefined ? [] : [record(entry, START_NS + lateNs, 0)];
  const steps = [step(1), step(2), step(START_NS, calls), step(END_NS, firings)];
  const format = "bpf-timer-conformance/trace";
  const trace: Trace = { format, version: 1, steps, droppedRecords: 0, complaints: [] };
  return { kind: "trace", trace };
}

it("is some times the worst that was seen", () => {
  expect(latenessBoundNs([roundWith(1 * MS), roundWith(8 * MS), roundWith(2 * MS)])).toBe(32 * MS);
});

it("counts a firing that never came as one that came at the end", () => {
  expect(latenessBoundNs([roundWith(undefined)])).toBe(120 * MS);
});

it.each([
  ["nearly nothing was late", [roundWith(1_000)]],
  ["there was nothing to see", [{ kind: "error", reason: "no timers" }] satisfies Outcome[]],
])("is not less than some time slices where %s", (_, outcomes) => {
  expect(latenessBoundNs(outcomes)).toBe(10 * MS);
});
