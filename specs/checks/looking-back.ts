/** What came before: the questions that preconditions ask of a history. */
import type { CallEvent, ElementId, FiringEvent, History, HistoryEvent, StepEvent } from "../../scenario/history.ts";
import type { Operation, OperationKind, Step, StepKind } from "../../scenario/scenario.ts";
import type { ArmingRecord } from "./armings.ts";

/** A step of a kind that succeeded. */
export const isStep = <K extends StepKind>(
  event: HistoryEvent,
  kind: K,
): event is StepEvent & { step: Extract<Step, { kind: K }> } =>
  event.kind === "step" && event.step.kind === kind && event.outcome.result >= 0;

/** A successful call of a kind. */
export const isDone = <K extends OperationKind>(
  event: HistoryEvent,
  kind: K,
): event is CallEvent & { operation: Extract<Operation, { kind: K }> } =>
  event.kind === "call" && event.operation.kind === kind && event.result >= 0;

/** The element an event is about; null where it is about none, or about one nobody can name. */
export function elementOf(event: HistoryEvent): ElementId | null {
  if (event.kind !== "step") return event.element;
  return "key" in event.step ? { map: event.step.map, key: event.step.key } : null;
}

/** Whether two events are about the same element. */
export function isSameElement(one: HistoryEvent, other: HistoryEvent): boolean {
  const [a, b] = [elementOf(one), elementOf(other)];
  return a !== null && b !== null && a.map !== null && a.map === b.map && a.key === b.key;
}

/** The events before one of them. */
export const before = ({ events }: History, event: HistoryEvent): HistoryEvent[] =>
  events.slice(0, events.indexOf(event));

/** Whether something happened between a start and its end. */
export function happenedMeanwhile(
  { events }: History,
  { call, endEvent }: ArmingRecord,
  matches: (event: HistoryEvent) => boolean,
): boolean {
  const until = endEvent === null ? events.length : events.indexOf(endEvent);
  return events.slice(events.indexOf(call) + 1, until).some(matches);
}

/** The bpf_timer_set_callback whose callback a start is to make run, unless another is set meanwhile. */
export function setterOf(history: History, { call }: ArmingRecord): CallEvent | undefined {
  const earlier = before(history, call).filter((event) => isDone(event, "timer-set-callback"));
  return earlier.findLast((event) => isSameElement(event, call));
}

/** The entry of the callback that a call belongs to; undefined for a call that no callback made. */
export const entryOf = ({ events }: History, { execution, callback }: CallEvent): FiringEvent | undefined =>
  callback === null
    ? undefined
    : events.find((event): event is FiringEvent => event.kind === "firing" && event.execution === execution);

/** Which step gives user space a reference of a program, and which takes it. */
const HOLDS_PROGRAM: Partial<Record<StepKind, boolean>> = {
  "load-program": true,
  "open-program-pin": true,
  "close-program": false,
  "exit-process": false,
};
const PINS_PROGRAM: Partial<Record<StepKind, boolean>> = { "pin-program": true, "unpin-program": false };

/** Whether user space refers to a program, by a descriptor or by a pin, at an event. */
export function isProgramHeld(history: History, program: number, event: HistoryEvent): boolean {
  const steps = before(history, event).filter(
    (each): each is StepEvent =>
      each.kind === "step" &&
      each.outcome.result >= 0 &&
      (each.step.kind === "exit-process" || ("program" in each.step && each.step.program === program)),
  );
  const last = (effects: Partial<Record<StepKind, boolean>>): boolean => {
    const step = steps.findLast((each) => effects[each.step.kind] !== undefined);
    return step !== undefined && effects[step.step.kind] === true;
  };
  return last(HOLDS_PROGRAM) || last(PINS_PROGRAM);
}
