/** The shape that checks of results have in common: what a call must return. */
import { formatResult } from "../../bpf/errno.ts";
import { CLOCK, MAX_CLOCKS } from "../../bpf/uapi.ts";
import type { CallEvent } from "../../scenario/history.ts";
import type { OperationKind, U64 } from "../../scenario/scenario.ts";
import { type Check, UNTOUCHED, type Violation } from "../guarantee.ts";
import type { Call, Reading } from "./reading.ts";
import { isHeld } from "./timer-state.ts";

/** The clocks that the page of bpf_timer_init names. */
const TIMER_CLOCKS: ReadonlySet<number> = new Set([CLOCK.MONOTONIC, CLOCK.REALTIME, CLOCK.BOOTTIME]);

/** Whether flags of bpf_timer_init are one of the three clocks, and nothing else. */
export const isTimerClock = (flags: U64): boolean => TIMER_CLOCKS.has(Number(flags));

/** Whether flags of bpf_timer_init have a bit set beyond those of the clock id. */
export const hasReservedBits = (flags: U64): boolean => Number(flags) >= MAX_CLOCKS;

/** Whether nothing that the documents name stands against an init: the timer is free, flags and map are in order. */
export const isUnopposed = ({ timer, operation, references }: Call<"timer-init">): boolean =>
  !timer.initialized && isTimerClock(operation.flags) && isHeld(references[operation.map]);

/** Whether interrupts were on, as they are unless a program turns them off. */
export const isInterruptible = ({ event }: { event: CallEvent }): boolean => !event.interruptsOff;

/** Whether a call is made by the callback of the very timer it is about, however that got at it. */
export const isOwn = ({ own }: { own: "element" | "timer" | undefined }): boolean => own === "timer";

/** Whether nothing stands against a start: the timer is initialized and has a callback, and no flags are given. */
export const isReady = ({ timer, operation }: Call<"timer-start">): boolean =>
  timer.initialized && timer.callback !== null && Number(operation.flags) === 0;

/** A violation of a call's result. */
export function wrongResult(event: CallEvent, expected: string): Violation {
  const observed = formatResult(event.result);
  return {
    at: event.at,
    expected: `bpf_${event.operation.kind.replaceAll("-", "_")} returns ${expected}`,
    observed: `it returned ${observed}`,
    subject: observed,
    event,
  };
}

/** A check that each call of a kind made under a condition returns one of some values. */
export function callsReturn<K extends OperationKind>(
  kind: K,
  expected: number | readonly number[],
  when: (call: Call<K>, reading: Reading) => boolean,
): Check {
  const allowed = typeof expected === "number" ? [expected] : expected;
  const words = allowed.map(formatResult).join(" or ");
  return (reading) => {
    const calls = reading.calls(kind);
    if (calls.length === 0) return UNTOUCHED;
    let exercised = 0;
    const violations: Violation[] = [];
    for (const call of calls) {
      if (!when(call, reading)) continue;
      exercised++;
      if (!allowed.includes(call.event.result)) violations.push(wrongResult(call.event, words));
    }
    return exercised === 0 ? UNTOUCHED : { exercised, violations };
  };
}
