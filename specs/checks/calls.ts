/** The shapes that checks have in common: what a call must return, and what must not load. */
import { ERRNO, formatResult } from "../../bpf/errno.ts";
import { isTimerClock } from "../../generators/clock.ts";
import type { CallEvent, History } from "../../scenario/history.ts";
import type { Operation, OperationKind, ProgramSpec, Scenario } from "../../scenario/scenario.ts";
import type { Guarantee, Judgement, Violation } from "../guarantee.ts";
import { isHeld, type Moment, moments, type TimerState } from "./timer-state.ts";

export interface Call<K extends OperationKind> extends Moment {
  event: CallEvent;
  operation: Extract<Operation, { kind: K }>;
  timer: TimerState;
}

const isCall = <K extends OperationKind>(moment: Moment, kind: K): moment is Call<K> =>
  moment.event.kind === "call" && moment.event.operation.kind === kind && moment.timer !== undefined && !moment.stale;

/** Every call of one kind, on an element that can be named, through a pointer that is not stale. */
export function* calls<K extends OperationKind>(history: History, kind: K): Generator<Call<K>> {
  for (const moment of moments(history)) {
    if (!isCall(moment, kind)) continue;
    yield { ...moment, operation: moment.event.operation as Extract<Operation, { kind: K }> };
  }
}

/** Whether nothing that the documents name stands against an init: the timer is free, flags and map are in order. */
export const isUnopposed = ({ timer, operation, references }: Call<"timer-init">): boolean =>
  !timer.initialized && isTimerClock(operation.flags) && isHeld(references[operation.map]);

/** A violation of a call's result. */
export function wrongResult(event: CallEvent, expected: string): Violation {
  const observed = formatResult(event.result);
  return {
    at: event.at,
    expected: `bpf_${event.operation.kind.replaceAll("-", "_")} returns ${expected}`,
    observed: `it returned ${observed}`,
    subject: observed,
  };
}

/** A check that each call of a kind made under a condition returns one value. */
export function callsReturn<K extends OperationKind>(
  kind: K,
  expected: number,
  when: (call: Call<K>, history: History) => boolean,
): (history: History) => Judgement {
  return (history) => {
    const violations: Violation[] = [];
    let exercised = 0;
    for (const call of calls(history, kind)) {
      if (!when(call, history)) continue;
      exercised++;
      if (call.event.result !== expected) violations.push(wrongResult(call.event, formatResult(expected)));
    }
    return { exercised, violations };
  };
}

/** The result of each program's first load step, by program. */
function loadResults(history: History): Map<number, { at: number; result: number; message: string | undefined }> {
  const results = new Map<number, { at: number; result: number; message: string | undefined }>();
  for (const event of history.events) {
    if (event.kind !== "step" || event.step.kind !== "load-program" || results.has(event.step.program)) continue;
    const { result, message } = event.outcome;
    results.set(event.step.program, { at: event.at, result, message });
  }
  return results;
}

/**
 * A check of whether programs of a kind load. Each is compared with a control in the same scenario: program 0, alike
 * but for what is under test. Where the control is refused, a refusal proves nothing, and the case does not count;
 * nor where the process lacks the descriptor of a map that the program names.
 */
export function loads(
  expected: "accepted" | "refused",
  underTest: (program: ProgramSpec, scenario: Scenario) => boolean,
  subjectOf: (program: ProgramSpec) => string = ({ type }) => type,
): (history: History) => Judgement {
  return (history) => {
    const results = loadResults(history);
    const violations: Violation[] = [];
    let exercised = 0;
    if (results.get(0)?.result !== 0) return { exercised, violations };
    for (const [index, { at, result, message }] of results) {
      const program = history.scenario.programs[index];
      if (index === 0 || program === undefined || !underTest(program, history.scenario)) continue;
      if (result === -ERRNO.EBADF) continue;
      exercised++;
      if ((result === 0) === (expected === "accepted")) continue;
      const observed = result === 0 ? "it loaded" : `the load failed with ${formatResult(result)}: ${message ?? ""}`;
      violations.push({
        at,
        expected: `program ${index} is ${expected} at load`,
        observed,
        subject: subjectOf(program),
      });
    }
    return { exercised, violations };
  };
}

/** A check that is several checks. */
export const both =
  (...checks: readonly Guarantee["check"][]): Guarantee["check"] =>
  (history, clock): Judgement => {
    const judged = checks.map((check) => check(history, clock));
    return {
      exercised: judged.reduce((sum, { exercised }) => sum + exercised, 0),
      violations: judged.flatMap(({ violations }) => violations),
    };
  };
