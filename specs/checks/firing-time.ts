/** The shapes that checks of firings have in common: not early, in time, never, only when started. */
import type { CallEvent, FiringEvent, HistoryEvent } from "../../scenario/history.ts";
import { type Check, type ClockBound, type Judgement, UNTOUCHED, type Violation } from "../guarantee.ts";
import { type ArmingRecord, delayOf, overdueNs } from "./armings.ts";
import { elementOf, happenedMeanwhile, isDone, isSameElement } from "./looking-back.ts";
import type { Reading } from "./reading.ts";

/** Which starts a check is about. */
export type Applies = (record: ArmingRecord, reading: Reading) => boolean;
/** How long after the start a firing is due, nanoseconds; undefined where nothing in the scenario says so. */
type Delay = (record: ArmingRecord) => number | undefined;

const AT_ONCE: Delay = () => 0;
const asStarted: Delay = ({ operation }) => delayOf(operation) ?? undefined;

/** The firing that used a start up. */
export const firingOf = ({ end, endEvent }: ArmingRecord): FiringEvent | undefined =>
  end === "firing" && endEvent?.kind === "firing" ? endEvent : undefined;

const describe = ({ call, operation }: ArmingRecord): string =>
  `the timer started in step ${call.at} with ${operation.ns} ns`;

/** A check built from one function that looks at each start it applies to: undefined for one that tells nothing. */
export function eachStart(
  applies: Applies,
  look: (record: ArmingRecord, reading: Reading, clock: ClockBound) => Violation | "kept" | undefined,
): Check {
  return (reading, clock): Judgement => {
    const { records } = reading.armings;
    if (records.length === 0) return UNTOUCHED;
    let exercised = 0;
    const violations: Violation[] = [];
    for (const record of records) {
      const result = applies(record, reading) ? look(record, reading, clock) : undefined;
      if (result === undefined) continue;
      exercised++;
      if (result !== "kept") violations.push(result);
    }
    return exercised === 0 ? UNTOUCHED : { exercised, violations };
  };
}

function early(record: ArmingRecord, delay: Delay): Violation | undefined {
  const firing = firingOf(record);
  const delayNs = delay(record);
  if (firing === undefined || delayNs === undefined) return undefined;
  const earlyNs = record.madeNs.earliest + delayNs - firing.timeNs;
  if (earlyNs <= 0) return undefined;
  return {
    at: firing.at,
    expected: `${describe(record)} does not fire before its time`,
    observed: `it fired at least ${earlyNs} ns early`,
    subject: "early",
    event: firing,
  };
}

/**
 * Whether an LRU map may have evicted the element of a start meanwhile, up to some time, and freed its timer: any update
 * of such a map can evict any of its elements.
 */
export function mayBeEvicted(record: ArmingRecord, reading: Reading, untilNs: number): boolean {
  const map = record.call.element?.map;
  if (map == null || reading.scenario.maps[map]?.type !== "lru-hash") return false;
  return happenedMeanwhile(
    reading,
    record,
    (event) => elementOf(event)?.map === map && isUpdate(event) && beginNs(event, reading) <= untilNs,
  );
}

const isUpdate = (event: HistoryEvent): boolean =>
  event.kind === "step" ? event.step.kind === "update" : event.kind === "call" && event.operation.kind === "update";

/** When an event may have begun at the earliest: a step ends at the time that it has. */
const beginNs = (event: HistoryEvent, { trace }: Reading): number =>
  event.kind === "step" ? (trace.steps[event.at - 1]?.timeNs ?? 0) : event.timeNs;

/**
 * Late or missing; undefined where it came in time, or need not have come yet. A start that something else ended must
 * have fired before that, where its time was past by then.
 */
function late(record: ArmingRecord, delay: Delay, reading: Reading, clock: ClockBound): Violation | undefined {
  const delayNs = delay(record);
  if (delayNs === undefined) return undefined;
  const latestNs = record.madeNs.latest + Math.max(delayNs, 0) + clock.latenessNs;
  const firing = firingOf(record);
  const untilNs = Math.min(record.couldFireUntilNs, reading.trace.steps.at(-1)?.timeNs ?? 0);
  const expected = (): string =>
    `${describe(record)} fires no later than ${latestNs - record.madeNs.latest} ns after it`;
  if (firing !== undefined) {
    const lateByNs = firing.timeNs - latestNs;
    if (lateByNs <= 0) return undefined;
    const observed = `it fired ${lateByNs} ns later`;
    return { at: firing.at, expected: expected(), observed, subject: "late", event: firing, lateByNs };
  }
  const missingNs = untilNs - latestNs;
  if (missingNs <= 0 || mayBeEvicted(record, reading, latestNs)) return undefined;
  const at = record.endEvent?.at ?? reading.trace.steps.length - 1;
  const observed = `${missingNs} ns later it had not`;
  const event = record.endEvent ?? record.call;
  return { at, expected: expected(), observed, subject: "missing", event, lateByNs: missingNs };
}

/** No start that applies fires before its time. */
export const neverFiresEarly = (applies: Applies): Check =>
  eachStart(applies, (record) => (firingOf(record) === undefined ? undefined : (early(record, asStarted) ?? "kept")));

/** Every start that applies fires by its time, within the clock's bound, unless something else ended it before. */
const firesBy = (applies: Applies, delay: Delay): Check =>
  eachStart(
    applies,
    (record, reading, clock) =>
      late(record, delay, reading, clock) ?? (firingOf(record) === undefined ? undefined : "kept"),
  );

export const firesInTime = (applies: Applies): Check => firesBy(applies, asStarted);

/** Every start that applies fires without delay, whatever number it was given. */
export const firesAtOnce = (applies: Applies): Check => firesBy(applies, AT_ONCE);

/** Every start that applies fires neither early nor late. */
export const firesOnTime = (applies: Applies): Check =>
  eachStart(
    applies,
    (record, reading, clock) =>
      early(record, asStarted) ??
      late(record, asStarted, reading, clock) ??
      (firingOf(record) === undefined ? undefined : "kept"),
  );

/** No start that applies ever fires. */
export const neverFires = (applies: Applies): Check =>
  eachStart(applies, (record) => {
    const firing = firingOf(record);
    if (firing === undefined) return "kept";
    const expected = `${describe(record)} does not fire`;
    return { at: firing.at, expected, observed: "it fired", subject: "fired", event: firing };
  });

/** No start that applies fires before its time: one that has not fired by the end has waited as well. */
export const waits = (applies: Applies): Check => eachStart(applies, (record) => early(record, asStarted) ?? "kept");

/** Every start that applies runs the callback that was set last, by whichever program. */
export const firesWithItsCallback = (applies: Applies): Check =>
  eachStart(applies, (record, { firings }) => {
    const firing = firingOf(record);
    const set = firings.find(({ event }) => event === firing)?.timer?.callback;
    if (firing === undefined || set == null) return undefined;
    if (firing.program === set.program && firing.callback === set.callback) return "kept";
    const expected = `${describe(record)} calls callback ${set.callback} of program ${set.program}`;
    const observed = `callback ${firing.callback} of program ${firing.program} ran`;
    return { at: firing.at, expected, observed, subject: "callback", event: firing };
  });

/** Every start that applies fires on the CPU that made it. */
export const firesOnItsCpu = (applies: Applies): Check =>
  eachStart(applies, (record) => {
    const firing = firingOf(record);
    if (firing === undefined) return undefined;
    if (firing.cpu === record.call.cpu) return "kept";
    const expected = `${describe(record)} fires on CPU ${record.call.cpu}`;
    return { at: firing.at, expected, observed: `it fired on CPU ${firing.cpu}`, subject: "cpu", event: firing };
  });

/** Every firing is accounted for by a start that had not been used up, cancelled or freed. */
export const onlyFiresWhenStarted: Check = ({ armings: { unaccounted, records } }) => {
  if (records.length === 0 && unaccounted.length === 0) return UNTOUCHED;
  const violations = unaccounted.map(({ event }) => ({
    at: event.at,
    expected: "a callback runs only for a start that has not been used up",
    observed: `callback ${event.callback} of program ${event.program} ran for key ${event.element.key} without one`,
    subject: "again",
    event,
  }));
  return { exercised: records.filter((record) => firingOf(record) !== undefined).length, violations };
};

/** Of two starts on one clock that fire on one CPU, and whose times are surely in order, the earlier fires first. */
export const firesInOrder: Check = (reading) => {
  if (reading.armings.records.length < 2) return UNTOUCHED;
  const fired = reading.armings.records.flatMap((record) => {
    const [firing, delayNs] = [firingOf(record), asStarted(record)];
    return firing === undefined || delayNs === undefined ? [] : [{ record, firing, delayNs }];
  });
  if (fired.length < 2) return UNTOUCHED;
  const violations: Violation[] = [];
  let exercised = 0;
  for (const one of fired)
    for (const other of fired) {
      if (one.record.clock !== other.record.clock || one.firing.cpu !== other.firing.cpu) continue;
      if (one.record.madeNs.latest + one.delayNs >= other.record.madeNs.earliest + other.delayNs) continue;
      exercised++;
      if (reading.placeOf(one.firing) < reading.placeOf(other.firing)) continue;
      const expected = `${describe(one.record)} fires before the one started in step ${other.record.call.at}`;
      violations.push({
        at: one.firing.at,
        expected,
        observed: "it fired after it",
        subject: "order",
        event: one.firing,
      });
    }
  return { exercised, violations };
};

/**
 * Every start that applies, and that something which leaves the timer in place has ended, stays quiet: its timer does
 * not fire without another start. It counts where its own time is past by the end.
 */
export const staysQuietOnceEnded =
  (applies: Applies, subject = "fired"): Check =>
  (reading, clock) => {
    const { records, unaccounted } = reading.armings;
    const isEnded = (record: ArmingRecord): boolean => record.endEvent !== null && applies(record, reading);
    if (!records.some(isEnded)) return UNTOUCHED;
    const ended = records.filter(isEnded);
    const violations = unaccounted
      .filter(({ event, timer }) =>
        ended.some((record) => record.timer.id === timer.id && comesBefore(reading, record, event)),
      )
      .map(({ event, timer }) => ({
        at: event.at,
        expected: `the timer of key ${event.element.key} does not fire unless it is started again`,
        observed: `callback ${event.callback} of program ${event.program} ran, ${timer.fired ? "again" : "all the same"}`,
        subject,
        event,
      }));
    return { exercised: ended.filter((record) => overdueNs(record, reading, clock) > 0).length, violations };
  };

/** Every start that a call of this kind cancelled stays quiet. */
export const staysQuietOnceCancelled = (
  kind: "timer-cancel" | "timer-cancel-async",
  by: (call: CallEvent) => boolean = () => true,
): Check =>
  staysQuietOnceEnded(
    ({ end, endEvent }) =>
      end === "cancel" && endEvent?.kind === "call" && endEvent.operation.kind === kind && by(endEvent),
  );

/** No timer fires once an event has freed it: what it was started for is past by the end, and it was quiet. */
export const quietOnceFreed =
  (by: (event: HistoryEvent, reading: Reading) => boolean, subject: string, of: "told" | "all" = "told"): Check =>
  (reading, clock) => {
    const { records, unaccounted } = of === "all" ? reading.armings.all : reading.armings;
    let exercised = 0;
    for (const record of records)
      if (record.end === "freed" && record.endEvent !== null && by(record.endEvent, reading))
        exercised += Number(overdueNs(record, reading, clock) > 0);
    if (unaccounted.length === 0 || records.length === 0)
      return exercised === 0 ? UNTOUCHED : { exercised, violations: [] };
    const violations = unaccounted.flatMap(({ event, freedBy }): Violation[] => {
      if (freedBy === null || !by(freedBy, reading)) return [];
      if (of === "all" && startedBetween(reading, freedBy, event)) return [];
      const expected = `the timer freed in step ${freedBy.at} does not fire`;
      return [{ at: event.at, expected, observed: `its callback ran for key ${event.element.key}`, subject, event }];
    });
    return { exercised, violations };
  };

/** Whether a timer was started between what freed it and a firing. */
const startedBetween = (reading: Reading, freedBy: HistoryEvent, firing: FiringEvent): boolean =>
  reading.events
    .slice(reading.placeOf(freedBy), reading.placeOf(firing))
    .some((event) => isDone(event, "timer-start") && isSameElement(event, firing));

const comesBefore = (reading: Reading, { endEvent }: ArmingRecord, firing: FiringEvent): boolean =>
  endEvent !== null && reading.placeOf(endEvent) < reading.placeOf(firing);
