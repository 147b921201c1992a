/** When a started timer is due. */
import { BPF_F_TIMER_ABS } from "../bpf/uapi.ts";
import type { History } from "../scenario/history.ts";
import type { ClockBound } from "./guarantee.ts";
import type { Arming } from "./timer-state.ts";

/**
 * How long before the end of the history a relative start should have fired at the latest, nanoseconds; negative
 * where it need not have fired yet, and for absolute starts, whose expiry is no matter of when they were made.
 */
export function overdueNs({ call }: Arming, history: History, clock: ClockBound): number {
  if (call.operation.kind !== "timer-start") return -1;
  const { ns, flags } = call.operation;
  if ((Number(BigInt(flags) & 0xffn) & BPF_F_TIMER_ABS) !== 0) return -1;
  const endNs = history.trace.steps.at(-1)?.timeNs ?? 0;
  // The log record follows the call, so the timer was started no later than it says.
  return endNs - (call.timeNs + Number(BigInt(ns)) + clock.latenessNs);
}
