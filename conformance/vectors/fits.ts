/** Whether a trace is what a vector expects; examples/vector-runner.py says the same in Python. */
import { formatResult } from "../../bpf/errno.ts";
import { missingFor } from "../../harness/features.ts";
import type { Harness } from "../../harness/harness.ts";
import type { KernelRelease } from "../../scenario/release.ts";
import type { LogRecord, StepResult, Trace } from "../../scenario/trace.ts";
import type { Allowed, Expected, ExpectedRecord, ExpectedStep, Vector } from "./format.ts";

function isAllowed(allowed: Allowed, value: number): boolean {
  if (typeof allowed === "number") return allowed === value;
  if (allowed === "refused") return value < 0;
  return allowed === "any" || allowed.includes(value);
}

const showAllowed = (allowed: Allowed): string => {
  if (typeof allowed === "number") return formatResult(allowed);
  return Array.isArray(allowed) ? allowed.map(formatResult).join(" or ") : allowed;
};

function fitsRecord(
  { site, value, aux, cpu, notBefore }: ExpectedRecord,
  record: LogRecord,
  { steps }: Trace,
): boolean {
  const earliestNs = notBefore === undefined ? 0 : (steps[notBefore.step]?.timeNs ?? 0) + notBefore.ns;
  return (
    record.site === site &&
    isAllowed(value, record.value) &&
    (aux ?? record.aux) === record.aux &&
    (cpu ?? record.cpu) === record.cpu &&
    record.timeNs >= earliestNs
  );
}

/** Whether the records from `place` on can be put down to those that are expected and did not come yet. */
function fitRecords(expected: readonly ExpectedRecord[], trace: Trace, at: number): boolean {
  const { records } = trace.steps[at] as StepResult;
  const fit = (place: number, came: ReadonlySet<number>): boolean => {
    const record = records[place];
    if (record === undefined) return expected.every(({ optional }, number) => optional === true || came.has(number));
    return expected.some(({ after = [], ...each }, number) => {
      const before = "after" in (expected[number] as object) || number === 0 ? after : [number - 1];
      if (came.has(number) || !before.every((other) => came.has(other) || expected[other]?.optional === true))
        return false;
      return fitsRecord(each, record, trace) && fit(place + 1, new Set([...came, number]));
    });
  };
  return fit(0, new Set());
}

/** What is said where a runtime does not have what it need not have. */
export const UNMET = "a precondition is not met";

function differenceAt(at: number, expected: ExpectedStep, trace: Trace): string | undefined {
  const step = trace.steps[at];
  if (step === undefined) return "it is missing";
  if (!isAllowed(expected.result, step.result) && expected.precondition === true) return UNMET;
  if (!isAllowed(expected.result, step.result))
    return `its result is ${formatResult(step.result)}, expected is ${showAllowed(expected.result)}`;
  if (expected.returnValue !== undefined && expected.returnValue !== step.returnValue)
    return `the program returned ${step.returnValue}, expected is ${expected.returnValue}`;
  if (expected.value !== undefined && !new RegExp(`^(?:${expected.value})$`).test(step.value ?? ""))
    return `the bytes read are ${step.value}, expected are ${expected.value}`;
  if (fitRecords(expected.records, trace, at)) return undefined;
  const came = step.records.map(({ site, value, cpu }) => `${formatResult(value)} at site ${site} on CPU ${cpu}`);
  const wanted = expected.records.map(({ site, value }) => `${showAllowed(value)} at site ${site}`);
  return `its records are [${came.join(", ")}], expected are [${wanted.join(", ")}]`;
}

const rank = ({ major, minor }: KernelRelease): number => major * 1000 + minor;
const rankOf = (release: string): number => {
  const [major = 0, minor = 0] = release.split(".").map(Number);
  return rank({ major, minor });
};

/** What a release may show, the newest where none is known or it is newer: one of these; none where the vector is not for it. */
export function expectedOf({ expected }: Vector, linux: KernelRelease | undefined): Expected[] {
  const newest = Math.max(...expected.flatMap((each) => each.linux.map(({ to }) => rankOf(to))));
  const wanted = Math.min(linux === undefined ? newest : rank(linux), newest);
  return expected.filter((each) => each.linux.some(({ from, to }) => rankOf(from) <= wanted && wanted <= rankOf(to)));
}

/** Why a vector cannot be put to a runtime; undefined where it can. */
export function unaskable(vector: Vector, { name, processors, features, linux }: Harness): string | undefined {
  const { needs, scenario } = vector;
  if (needs.processors > processors) return `${name} lacks the processor ${needs.processors - 1}`;
  if (features !== undefined && needs.executes && !features.executes) return `${name} executes nothing`;
  if (features !== undefined && needs.verifies && !features.verifies) return `${name} does not verify programs`;
  const missing = features === undefined ? undefined : missingFor(features, scenario);
  if (missing !== undefined) return `${name} lacks ${missing}`;
  return expectedOf(vector, linux).length === 0 ? "not for its release of Linux" : undefined;
}

/** The first thing in which a trace is not what is expected in the first way; undefined where it is so in one of them. */
export function differenceFrom(expected: readonly Expected[], trace: Trace): string | undefined {
  const differences = expected.map((each) => differenceFromOne(each, trace));
  return differences.includes(undefined) ? undefined : differences[0];
}

function differenceFromOne({ steps }: Expected, trace: Trace): string | undefined {
  if (trace.complaints.length > 0) return `the kernel complains: ${trace.complaints[0]}`;
  if (trace.droppedRecords > 0) return `${trace.droppedRecords} records did not fit`;
  for (const [at, step] of steps.entries()) {
    const difference = differenceAt(at, step, trace);
    if (difference !== undefined) return difference === UNMET ? UNMET : `step ${at}: ${difference}`;
  }
  return trace.steps.length > steps.length ? "there are more steps than it has" : undefined;
}
