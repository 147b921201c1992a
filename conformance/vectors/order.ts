/** Which records of a step have to come before which, and how soon each firing may come. */

import type { CallEvent, FiringEvent, HistoryEvent } from "../../scenario/history.ts";
import { delayOf } from "../../specs/checks/armings.ts";
import type { Reading } from "../../specs/checks/reading.ts";
import type { ExpectedRecord } from "./format.ts";

/** What is less apart than this is taken to happen at once: nothing orders it. */
const AT_ONCE_NS = 100_000;

type RecordEvent = CallEvent | FiringEvent;
const isRecord = (event: HistoryEvent): event is RecordEvent => event.kind !== "step";

/** The start that a firing is of, where the history tells. */
const startOf = (firing: HistoryEvent, { armings }: Reading) =>
  armings.all.records.find(({ end, endEvent }) => end === "firing" && endEvent === firing);

/** The events behind the records of a step, in their order. */
export const recordsAt = ({ events }: Reading, at: number): RecordEvent[] =>
  events.filter(isRecord).filter((event) => event.at === at);

/**
 * The records of the same step that have to come before record `index`, by number: the one before it in the same
 * execution; of the first of an execution, what ended well before, or what led to its start.
 */
export function predecessorsOf(index: number, records: readonly RecordEvent[], reading: Reading): number[] {
  const event = records[index] as RecordEvent;
  const before = (at: number): number =>
    records.findLastIndex((each, place) => place < at && each.execution === records[at]?.execution);
  const own = before(index);
  if (own >= 0) return [own];
  const lasts = records.flatMap((each, place) =>
    records.some((other, later) => later > place && other.execution === each.execution) ? [] : [place],
  );
  const timeOf = (place: number): number => (records[place] as RecordEvent).timeNs;
  const ended = lasts.filter((place) => timeOf(place) < event.timeNs - AT_ONCE_NS);
  const latest = Math.max(...ended.map(timeOf));
  const found = ended.filter((place) => timeOf(place) === latest);
  const start = event.kind === "firing" ? startOf(event, reading) : undefined;
  const cause = start === undefined ? -1 : records.indexOf(start.call);
  if (start !== undefined && cause >= 0 && !ended.includes(cause)) {
    // A timer's own callback ends before the timer calls back again; others may fire before their start returns.
    const place = start.own
      ? (lasts.find((each) => records[each]?.execution === start.call.execution) ?? -1)
      : before(cause);
    if (place >= 0 && place < index && !found.includes(place)) found.push(place);
  }
  return found.sort((one, other) => one - other);
}

/** The earliest that a firing may come, where its start says so: it is as late in the history itself. */
export function notBeforeOf(firing: HistoryEvent, reading: Reading): ExpectedRecord["notBefore"] {
  const start = startOf(firing, reading);
  const delayNs = start === undefined ? null : delayOf(start.operation);
  if (start === undefined || delayNs === null || delayNs <= 0 || firing.kind !== "firing") return undefined;
  const { call } = start;
  const outer =
    call.callback === null
      ? undefined
      : reading.events.find((each) => each.kind === "firing" && each.execution === call.execution);
  const since = outer === undefined ? { step: call.at - 1, ns: 0 } : notBeforeOf(outer, reading);
  if (since === undefined || since.step < 0) return undefined;
  const bound = { step: since.step, ns: since.ns + delayNs };
  const baseNs = reading.trace.steps[bound.step]?.timeNs ?? 0;
  return baseNs + bound.ns <= firing.timeNs ? bound : undefined;
}

/** How long before something else a timer has to be due for it to be the same on a clock that is late, nanoseconds. */
const MARGIN_NS = 5_000_000;

/** Whether what comes of a case hangs on less time than a clock that passes by itself can be trusted with. */
export function isTight(reading: Reading): boolean {
  const { steps } = reading.trace;
  const isAtEnd = ({ event }: Reading["firings"][number]): boolean =>
    reading.scenario.steps[event.at]?.kind === "advance" && (steps[event.at]?.timeNs ?? 0) - event.timeNs < MARGIN_NS;
  if (reading.firings.some(isAtEnd)) return true;
  return reading.armings.all.records.some(({ end, endEvent, madeNs, operation }) => {
    const delayNs = delayOf(operation);
    if (end === "firing" || delayNs === null || delayNs < 0) return false;
    const stepNs = steps[endEvent?.at ?? steps.length - 1]?.timeNs ?? 0;
    const endNs = endEvent === null || endEvent.kind === "step" ? stepNs : endEvent.timeNs;
    return delayNs > 0 && madeNs.latest + delayNs - endNs < MARGIN_NS;
  });
}
