/** Two traces of one scenario: where they first say something different. */
import { formatResult } from "../bpf/errno.ts";
import type { LogRecord, StepResult, Trace } from "../scenario/trace.ts";

export interface Difference {
  /** The step it shows at. */
  at: number;
  what: string;
  left: string;
  right: string;
}

const show = (value: number | string | undefined): string => (value === undefined ? "nothing" : String(value));

function compareResults(left: StepResult, right: StepResult, at: number): Difference | undefined {
  if (left.result !== right.result)
    return { at, what: "result", left: formatResult(left.result), right: formatResult(right.result) };
  for (const what of ["returnValue", "value"] as const)
    if (left[what] !== right[what]) return { at, what, left: show(left[what]), right: show(right[what]) };
  return undefined;
}

/** What of a record must be equal: not its time, which is compared within a tolerance, and not its CPU. */
const essence = (record: LogRecord | undefined): string =>
  record === undefined ? "nothing" : `${formatResult(record.value)} at call site ${record.site}, aux ${record.aux}`;

function compareRecords(left: StepResult, right: StepResult, at: number): Difference | undefined {
  const count = Math.max(left.records.length, right.records.length);
  for (let index = 0; index < count; index++) {
    const [one, other] = [essence(left.records[index]), essence(right.records[index])];
    if (one !== other) return { at, what: `log record ${index}`, left: one, right: other };
  }
  return undefined;
}

/** Times are compared from the end of the step before, so that what a step costs does not add up. */
function compareTimes(left: Trace, right: Trace, at: number, toleranceNs: number): Difference | undefined {
  const since = (trace: Trace, timeNs: number): number => timeNs - (trace.steps[at - 1]?.timeNs ?? timeNs);
  for (const [index, record] of (left.steps[at]?.records ?? []).entries()) {
    const one = since(left, record.timeNs);
    const other = since(right, right.steps[at]?.records[index]?.timeNs ?? 0);
    if (Math.abs(one - other) > toleranceNs)
      return { at, what: `time of log record ${index}`, left: `${one} ns`, right: `${other} ns` };
  }
  return undefined;
}

/** A complaint of either side is a difference, even where the other has the same: a defect is nothing to agree on. */
function compareHealth(left: Trace, right: Trace): Difference | undefined {
  const shown = ({ complaints }: Trace): string => complaints[0] ?? "no complaint";
  if (left.complaints.length === 0 && right.complaints.length === 0) return undefined;
  return { at: left.steps.length, what: "complaint of the kernel", left: shown(left), right: shown(right) };
}

/** The first difference between two traces, or undefined; times may differ by `toleranceNs`. */
export function compareTraces(left: Trace, right: Trace, toleranceNs: number): Difference | undefined {
  const health = compareHealth(left, right);
  if (health !== undefined) return health;
  for (const [at, step] of left.steps.entries()) {
    const other = right.steps[at];
    if (other === undefined) return { at, what: "step", left: formatResult(step.result), right: "nothing" };
    const difference =
      compareResults(step, other, at) ?? compareRecords(step, other, at) ?? compareTimes(left, right, at, toleranceNs);
    if (difference !== undefined) return difference;
  }
  if (right.steps.length > left.steps.length)
    return { at: left.steps.length, what: "step", left: "nothing", right: "another step" };
  return undefined;
}
