/** The shapes that checks of firings have in common: not early, in time, never, only when started. */
import type { FiringEvent, History, HistoryEvent } from "../../scenario/history.ts";
import type { ClockBound, Guarantee, Judgement, Violation } from "../guarantee.ts";
import { type ArmingRecord, type Armings, delayOf, overdueNs, readArmings } from "./armings.ts";

type Applies = (record: ArmingRecord, armings: Armings, history: History) => boolean;
/** How long after the start a firing is due, nanoseconds; undefined where nothing in the scenario says so. */
type Delay = (record: ArmingRecord) => number | undefined;

const AT_ONCE: Delay = () => 0;
const asStarted: Delay = ({ operation }) => delayOf(operation) ?? undefined;

const firingOf = ({ end, endEvent }: ArmingRecord): FiringEvent | undefined =>
  end === "firing" && endEvent?.kind === "firing" ? endEvent : undefined;

const describe = ({ call, operation }: ArmingRecord): string =>
  `the timer started in step ${call.at} with ${operation.ns} ns`;

/** A check built from one function that looks at each start it applies to: undefined for one that tells nothing. */
function eachStart(
  applies: Applies,
  look: (record: ArmingRecord, history: History, clock: ClockBound) => Violation | "kept" | undefined,
): Guarantee["check"] {
  return (history, clock): Judgement => {
    const armings = readArmings(history);
    const looked = armings.records
      .filter((record) => applies(record, armings, history))
      .map((record) => look(record, history, clock));
    const violations = looked.filter((result) => typeof result === "object");
    return { exercised: looked.filter((result) => result !== undefined).length, violations };
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
  };
}

/** Late or missing; undefined where it came in time or need not have come yet. */
function late(record: ArmingRecord, delay: Delay, history: History, clock: ClockBound): Violation | undefined {
  const delayNs = delay(record);
  if (delayNs === undefined) return undefined;
  const latestNs = record.madeNs.latest + Math.max(delayNs, 0) + clock.latenessNs;
  const expected = `${describe(record)} fires no later than ${latestNs - record.madeNs.latest} ns after it`;
  const firing = firingOf(record);
  if (firing !== undefined && firing.timeNs > latestNs)
    return { at: firing.at, expected, observed: `it fired ${firing.timeNs - latestNs} ns later`, subject: "late" };
  const endNs = history.trace.steps.at(-1)?.timeNs ?? 0;
  if (record.end !== null || endNs <= latestNs) return undefined;
  const at = history.trace.steps.length - 1;
  return { at, expected, observed: `${endNs - latestNs} ns later it had not`, subject: "missing" };
}

/** No start that applies fires before its time. */
export const neverFiresEarly = (applies: Applies): Guarantee["check"] =>
  eachStart(applies, (record) => (firingOf(record) === undefined ? undefined : (early(record, asStarted) ?? "kept")));

/** Every start that applies fires by its time, within the clock's bound, unless something else ended it. */
const firesBy = (applies: Applies, delay: Delay): Guarantee["check"] =>
  eachStart(
    applies,
    (record, history, clock) =>
      late(record, delay, history, clock) ?? (firingOf(record) === undefined ? undefined : "kept"),
  );

export const firesInTime = (applies: Applies): Guarantee["check"] => firesBy(applies, asStarted);

/** Every start that applies fires without delay, whatever number it was given. */
export const firesAtOnce = (applies: Applies): Guarantee["check"] => firesBy(applies, AT_ONCE);

/** Every start that applies fires neither early nor late. */
export const firesOnTime = (applies: Applies): Guarantee["check"] =>
  eachStart(
    applies,
    (record, history, clock) =>
      early(record, asStarted) ??
      late(record, asStarted, history, clock) ??
      (firingOf(record) === undefined ? undefined : "kept"),
  );

/** No start that applies ever fires. */
export const neverFires = (applies: Applies): Guarantee["check"] =>
  eachStart(applies, (record) => {
    const firing = firingOf(record);
    if (firing === undefined) return "kept";
    return { at: firing.at, expected: `${describe(record)} does not fire`, observed: "it fired", subject: "fired" };
  });

/** Every start that applies fires on the CPU that made it. */
export const firesOnItsCpu = (applies: Applies): Guarantee["check"] =>
  eachStart(applies, (record) => {
    const firing = firingOf(record);
    if (firing === undefined) return undefined;
    if (firing.cpu === record.call.cpu) return "kept";
    const expected = `${describe(record)} fires on CPU ${record.call.cpu}`;
    return { at: firing.at, expected, observed: `it fired on CPU ${firing.cpu}`, subject: "cpu" };
  });

/** Every firing is accounted for by a start that had not been used up, cancelled or freed. */
export const onlyFiresWhenStarted: Guarantee["check"] = (history) => {
  const { records, unaccounted } = readArmings(history);
  const violations = unaccounted.map(({ event }) => ({
    at: event.at,
    expected: "a callback runs only for a start that has not been used up",
    observed: `callback ${event.callback} of program ${event.program} ran for key ${event.element.key} without one`,
    subject: "again",
  }));
  return { exercised: records.filter((record) => firingOf(record) !== undefined).length, violations };
};

/** Of two starts on one clock whose times are surely in order, the earlier fires first. */
export const firesInOrder: Guarantee["check"] = (history) => {
  const fired = readArmings(history).records.flatMap((record) => {
    const [firing, delayNs] = [firingOf(record), asStarted(record)];
    return firing === undefined || delayNs === undefined ? [] : [{ record, firing, delayNs }];
  });
  const violations: Violation[] = [];
  let exercised = 0;
  for (const one of fired)
    for (const other of fired) {
      if (one.record.clock !== other.record.clock) continue;
      if (one.record.madeNs.latest + one.delayNs >= other.record.madeNs.earliest + other.delayNs) continue;
      exercised++;
      if (history.events.indexOf(one.firing) < history.events.indexOf(other.firing)) continue;
      const expected = `${describe(one.record)} fires before the one started in step ${other.record.call.at}`;
      violations.push({ at: one.firing.at, expected, observed: "it fired after it", subject: "order" });
    }
  return { exercised, violations };
};

/** Every start that was cancelled stays quiet: its timer does not fire without another. */
export const staysQuietOnceCancelled: Guarantee["check"] = (history) => {
  const { records, unaccounted } = readArmings(history);
  const cancelled = records.filter(({ end }) => end === "cancel");
  const violations = unaccounted
    .filter(({ event, timer }) =>
      cancelled.some((record) => record.timer === timer && comesBefore(history, record, event)),
    )
    .map(({ event }) => ({
      at: event.at,
      expected: "a cancelled timer does not fire",
      observed: `callback ${event.callback} of program ${event.program} ran for key ${event.element.key}`,
      subject: "fired",
    }));
  return { exercised: cancelled.length, violations };
};

/** No timer fires once an event has freed it: what it was started for is past by the end, and it was quiet. */
export const quietOnceFreed =
  (by: (event: HistoryEvent, history: History) => boolean, subject: string): Guarantee["check"] =>
  (history, clock) => {
    const { records, unaccounted } = readArmings(history);
    const freed = records.filter(
      (record) => record.end === "freed" && record.endEvent !== null && by(record.endEvent, history),
    );
    const violations = unaccounted.flatMap(({ event, freedBy }): Violation[] => {
      if (freedBy === null || !by(freedBy, history)) return [];
      const expected = `the timer freed in step ${freedBy.at} does not fire`;
      return [{ at: event.at, expected, observed: `its callback ran for key ${event.element.key}`, subject }];
    });
    return { exercised: freed.filter((record) => overdueNs(record, history, clock) > 0).length, violations };
  };

const comesBefore = ({ events }: History, { endEvent }: ArmingRecord, firing: FiringEvent): boolean =>
  endEvent !== null && events.indexOf(endEvent) < events.indexOf(firing);
