/** The shapes that checks of plain plumbing have in common: steps and contents, where nothing stands against them. */
import { formatResult } from "../../bpf/errno.ts";
import type { HistoryEvent, StepEvent } from "../../scenario/history.ts";
import type { OperationKind, Step, StepKind } from "../../scenario/scenario.ts";
import { type Check, UNTOUCHED, type Violation } from "../guarantee.ts";
import { type ContentsMoment, contentsOf } from "./map-contents.ts";
import type { Reading, StepMoment } from "./reading.ts";

/** A violation of what a step gives. */
function wrongStep(event: StepEvent, expected: readonly number[]): Violation {
  const observed = formatResult(event.outcome.result);
  return {
    at: event.at,
    expected: `${event.step.kind} gives ${expected.map(formatResult).join(" or ")}`,
    observed: `it gave ${observed}`,
    subject: observed,
    event,
  };
}

/** A check that each step of some kinds gives what `expect` says, or one of several numbers; undefined where nothing settles it. */
export function stepsGive<K extends StepKind>(
  kinds: readonly K[],
  expect: (
    moment: StepMoment<K>,
    step: Extract<Step, { kind: K }>,
    reading: Reading,
  ) => number | readonly number[] | undefined,
): Check {
  return (reading) => {
    let exercised = 0;
    const violations: Violation[] = [];
    for (const kind of kinds)
      for (const moment of reading.steps(kind) as readonly StepMoment<K>[]) {
        const expected = expect(moment, moment.event.step, reading);
        if (expected === undefined) continue;
        exercised++;
        const { result } = moment.event.outcome;
        if (typeof expected === "number" ? result === expected : expected.includes(result)) continue;
        violations.push(wrongStep(moment.event, [expected].flat()));
      }
    return exercised === 0 ? UNTOUCHED : { exercised, violations };
  };
}

const kindOf = (event: HistoryEvent): string | undefined =>
  event.kind === "step" ? `user ${event.step.kind}` : event.kind === "call" ? event.operation.kind : undefined;

const resultOf = (event: HistoryEvent): number | undefined =>
  event.kind === "step" ? event.outcome.result : event.kind === "call" ? event.result : undefined;

/** What is done with elements, by user space (`user update`) or by a program. */
export type ElementAction = `user ${"update" | "delete" | "lookup"}` | OperationKind;

/** A check that each thing of some kinds that is done with an element gives what the map's contents make it give. */
export function elementsGive(
  actions: readonly ElementAction[],
  when: (moment: ContentsMoment) => boolean = () => true,
): Check {
  const names = new Set<string>(actions);
  const isOfUser = (action: ElementAction): boolean => action.startsWith("user ");
  const steps = actions.filter(isOfUser).map((action) => action.slice("user ".length) as StepKind);
  const calls = actions.filter((action) => !isOfUser(action)) as OperationKind[];
  return (reading) => {
    const isDone =
      steps.some((kind) => reading.steps(kind).length > 0) || calls.some((kind) => reading.calls(kind).length > 0);
    if (!isDone) return UNTOUCHED;
    let exercised = 0;
    const violations: Violation[] = [];
    for (const moment of contentsOf(reading)) {
      const { event, results } = moment;
      const kind = kindOf(event);
      if (kind === undefined || results === undefined || !names.has(kind) || !when(moment)) continue;
      exercised++;
      const given = resultOf(event);
      if (given === undefined || results.includes(given)) continue;
      const observed = formatResult(given);
      violations.push({
        at: event.at,
        expected: `${kind} gives ${results.map(formatResult).join(" or ")}`,
        observed: `it gave ${observed}`,
        subject: observed,
        event,
      });
    }
    return exercised === 0 ? UNTOUCHED : { exercised, violations };
  };
}
