/** What a callback is handed: the map, the key and the value of the timer that expired. */
import type { FiringEvent, HistoryEvent } from "../../scenario/history.ts";
import { type Check, type ClockBound, type Judgement, UNTOUCHED } from "../guarantee.ts";
import { type ArmingRecord, isDue, isFreedByLockedUpdate } from "./armings.ts";
import { isSameElement, setterOf } from "./looking-back.ts";
import type { Reading } from "./reading.ts";

type Argument = "map" | "key" | "value";

/**
 * Whether a start was still to fire when a callback was entered, and it is that callback that was set. Whether one that
 * an update with BPF_F_LOCK has freed may fire is for others to say.
 */
function mayHaveFired(record: ArmingRecord, firing: FiringEvent, reading: Reading): boolean {
  const at = reading.placeOf(firing);
  if (reading.placeOf(record.call) > at) return false;
  const isOver = record.endEvent !== null && reading.placeOf(record.endEvent) <= at;
  if (isOver && !isFreedByLockedUpdate(record, reading)) return false;
  const set = setterOf(reading, record);
  return (
    set?.program === firing.program &&
    set.operation.kind === "timer-set-callback" &&
    set.operation.callback === firing.callback
  );
}

/**
 * Which argument of a callback is wrong. Map and key are where another timer that has this callback was due, and the
 * one they name was not; the value is where map and key are right, and it is not what the map holds under the key.
 */
function wrongArgument(
  firing: FiringEvent,
  { reading, clock, named }: { reading: Reading; clock: ClockBound; named: ArmingRecord | undefined },
): Argument | undefined {
  // A program names every map that it looks a timer up in, and so tells each it may be handed.
  if (firing.element.map === null) return "map";
  if (named !== undefined && isDue(named, firing.timeNs, clock)) return firing.ownElement ? undefined : "value";
  const due = candidates(reading).filter(
    (record) => isDue(record, firing.timeNs, clock) && mayHaveFired(record, firing, reading),
  );
  if (due.length === 0) return undefined;
  if (due.some(({ call }) => isSameElement(call, firing))) return firing.ownElement ? undefined : "value";
  return due.some(({ call }) => call.element?.map === firing.element.map) ? "key" : "map";
}

/** The starts that a firing can come from. */
function candidates(reading: Reading): readonly ArmingRecord[] {
  const { records, all } = reading.armings;
  if (all.records.length === records.length) return records;
  return [...records, ...all.records.filter((record) => isFreedByLockedUpdate(record, reading))];
}

/** Whether an element that a program works on cannot be named: timers may then fire that no start accounts for. */
const namesAll = ({ scenario }: Reading): boolean =>
  scenario.programs.every(({ operations }) => operations.every(({ kind }) => kind !== "lookup-inner"));

/** The starts by the event that ended them. */
const byEnd = ({ armings: { records } }: Reading): ReadonlyMap<HistoryEvent | null, ArmingRecord> =>
  new Map(records.map((record) => [record.endEvent, record]));

const observed = ({ element: { map, key }, ownElement }: FiringEvent): string =>
  `it was called with map ${map === null ? "unknown" : `m${map}`}, key ${key} and ${ownElement ? "that element's value" : "a value that is not that element's"}`;

/** Every callback is handed this argument of the timer that was started. */
export const isHanded =
  (argument: Argument): Check =>
  (reading, clock): Judgement => {
    if (reading.firings.length === 0 || !namesAll(reading)) return UNTOUCHED;
    const ended = reading.shared(byEnd);
    const wrong = reading.firings.filter(
      ({ event }) => wrongArgument(event, { reading, clock, named: ended.get(event) }) === argument,
    );
    return {
      exercised: reading.firings.length,
      violations: wrong.map(({ event }) => ({
        at: event.at,
        expected: `the callback receives the ${argument} of the timer that was started`,
        observed: observed(event),
        subject: argument,
        event,
      })),
    };
  };
