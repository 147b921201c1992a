/** What a call that was refused leaves as it was: the questions that preconditions ask of such calls. */

import type { HistoryEvent } from "../../scenario/history.ts";
import type { OperationKind } from "../../scenario/scenario.ts";
import type { ArmingRecord } from "./armings.ts";
import type { Call, Reading } from "./reading.ts";
import type { TimerState } from "./timer-state.ts";

/** Whether a call of a kind was refused before on the same timer, which nothing has initialized or freed since. */
export function wasRefused<K extends OperationKind>(
  reading: Reading,
  { timer, event }: { timer: TimerState; event: HistoryEvent },
  kind: K,
  isSuch: (call: Call<K>) => boolean,
): boolean {
  return reading
    .calls(kind)
    .some(
      (earlier) =>
        earlier.timer.id === timer.id &&
        earlier.timer.init === timer.init &&
        earlier.timer.freedBy === timer.freedBy &&
        earlier.event.result < 0 &&
        reading.placeOf(earlier.event) < reading.placeOf(event) &&
        isSuch(earlier),
    );
}

/** Whether a call of a kind was refused on an armed timer between a start and its end. */
export function isRefusedMeanwhile<K extends OperationKind>(
  reading: Reading,
  { call, timer, endEvent }: ArmingRecord,
  kind: K,
  isSuch: (call: Call<K>) => boolean,
): boolean {
  return reading
    .calls(kind)
    .some(
      (between) =>
        between.timer.id === timer.id &&
        between.event.result < 0 &&
        reading.placeOf(between.event) > reading.placeOf(call) &&
        (endEvent === null || reading.placeOf(between.event) < reading.placeOf(endEvent)) &&
        isSuch(between),
    );
}
