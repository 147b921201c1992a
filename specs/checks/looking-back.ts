/** What came before: the questions that preconditions ask of a history. */
import { BPF_F_LOCK } from "../../bpf/uapi.ts";
import type { CallEvent, ElementId, FiringEvent, HistoryEvent, StepEvent } from "../../scenario/history.ts";
import type { Operation, OperationKind, Step, StepKind } from "../../scenario/scenario.ts";
import type { ArmingRecord } from "./armings.ts";
import type { Reading, StepMoment } from "./reading.ts";

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

/** The map of the element that an event is about; -1, which no map has, where it is about none that can be named. */
export const mapOf = ({ element }: { element: ElementId | null }): number => element?.map ?? -1;

/** Whether two events are about the same element. */
export function isSameElement(one: HistoryEvent, other: HistoryEvent): boolean {
  const a = elementOf(one);
  const b = elementOf(other);
  return a !== null && b !== null && a.map !== null && a.map === b.map && a.key === b.key;
}

/** Whether an event is an update with BPF_F_LOCK, whatever came of it. */
export function isLockedUpdate(event: HistoryEvent): boolean {
  if (event.kind === "firing") return false;
  const action = event.kind === "step" ? event.step : event.operation;
  return action.kind === "update" && (action.flags & BPF_F_LOCK) !== 0;
}

/** Whether something happened between a start and its end. */
export function happenedMeanwhile(
  reading: Reading,
  { call, endEvent }: ArmingRecord,
  matches: (event: HistoryEvent) => boolean,
): boolean {
  const until = endEvent === null ? reading.events.length : reading.placeOf(endEvent);
  for (let place = reading.placeOf(call) + 1; place < until; place++)
    if (matches(reading.events[place] as HistoryEvent)) return true;
  return false;
}

/** Whether a step of a kind, one that succeeded, was taken between a start and its end. */
export function stepMeanwhile<K extends StepKind>(
  reading: Reading,
  { call, endEvent }: ArmingRecord,
  kind: K,
  matches: (moment: StepMoment<K>) => boolean = () => true,
): boolean {
  const steps = reading.steps(kind);
  if (steps.length === 0) return false;
  // A step comes before what happens during it.
  const until = endEvent === null ? Number.POSITIVE_INFINITY : endEvent.at + (endEvent.kind === "step" ? 0 : 1);
  return steps.some(
    (moment) =>
      moment.event.outcome.result >= 0 && moment.event.at > call.at && moment.event.at < until && matches(moment),
  );
}

/** The bpf_timer_set_callback whose callback a start is to make run, unless another is set meanwhile. */
export function setterOf(reading: Reading, { call }: ArmingRecord): CallEvent | undefined {
  for (let place = reading.placeOf(call) - 1; place >= 0; place--) {
    const event = reading.events[place] as HistoryEvent;
    if (isDone(event, "timer-set-callback") && isSameElement(event, call)) return event;
  }
  return undefined;
}

/** The entry of the callback that a call belongs to; undefined for a call that no callback made. */
export const entryOf = ({ firings }: Reading, { execution, callback }: CallEvent): FiringEvent | undefined =>
  callback === null ? undefined : firings.find(({ event }) => event.execution === execution)?.event;

/** Which step gives user space a reference of a program, and which takes it. */
type References = Partial<Record<StepKind, boolean>>;
const HOLDS_PROGRAM: References = {
  "load-program": true,
  "open-program-pin": true,
  "close-program": false,
  "exit-process": false,
};
const LOADS_PROGRAM: References = { "load-program": true };
const PINS_PROGRAM: References = { "pin-program": true, "unpin-program": false };

/** Whether the last of these steps before one, of those that succeeded and are about a program, has given a reference. */
function isGiven(effects: References, reading: Reading, program: number, before: number): boolean {
  let last: { at: number; gives: boolean } = { at: -1, gives: false };
  for (const [kind, gives] of Object.entries(effects))
    for (const { event } of reading.steps(kind as StepKind)) {
      const { at, step, outcome } = event;
      const isAbout = !("program" in step) || step.program === program;
      if (isAbout && outcome.result >= 0 && at < before && at > last.at) last = { at, gives };
    }
  return last.gives;
}

/** Whether the process has a descriptor of a program when an event comes. */
export const hasProgram = (reading: Reading, program: number, { at }: HistoryEvent): boolean =>
  isGiven(HOLDS_PROGRAM, reading, program, at);

/** Whether a program is pinned when an event comes. */
export const isProgramPinned = (reading: Reading, program: number, { at }: HistoryEvent): boolean =>
  isGiven(PINS_PROGRAM, reading, program, at);

/** Whether user space refers to a program, by a descriptor or by a pin, when an event comes. */
export const isProgramHeld = (reading: Reading, program: number, event: HistoryEvent): boolean =>
  hasProgram(reading, program, event) || isProgramPinned(reading, program, event);

/** Whether a program was loaded at some time before an event. */
export const wasLoaded = (reading: Reading, program: number, { at }: HistoryEvent): boolean =>
  isGiven(LOADS_PROGRAM, reading, program, at);
