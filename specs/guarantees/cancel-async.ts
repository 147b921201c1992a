/** What the kfunc bpf_timer_cancel_async promises. */
import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import { delayNs } from "../../generators/time.ts";
import { afterArming, oneTimer, onTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import { advance, callback, cancelAsync, init, run, setCallback, start } from "../../scenario/build.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { callsReturn, wrongResult } from "../checks/calls.ts";
import { firesInTime, staysQuietOnceCancelled } from "../checks/firing-time.ts";
import type { Call, Reading } from "../checks/reading.ts";
import type { Guarantee, Judgement } from "../guarantee.ts";

const RETURNS = [{ document: "ebpf-docs/bpf_timer_cancel_async", place: "Returns" }] as const;

type CancelAsync = Call<"timer-cancel-async">;
const isOwn = ({ operation }: CancelAsync): boolean => operation.element === "self";

/** What the page lists for a callback that is running: it cannot be stopped, or will be cancelled asynchronously. */
const WHILE_RUNNING: readonly number[] = [-1, -ERRNO.ECANCELED];

/** A callback that cancels its own timer is told that it is running. */
function ownCallback(reading: Reading): Judgement {
  const own = reading.calls("timer-cancel-async").filter((call) => call.timer.initialized && isOwn(call));
  const wrong = own.filter(({ event }) => !WHILE_RUNNING.includes(event.result));
  return { exercised: own.length, violations: wrong.map(({ event }) => wrongResult(event, "-1 or -ECANCELED")) };
}

/** Whether a start follows, in the same execution and on the same element, a bpf_timer_cancel_async that disarmed it. */
const isRestart = ({ event, operation, timer }: Call<"timer-start">, { events }: Reading): boolean =>
  timer.callback !== null &&
  events.some(
    (other) =>
      other.kind === "call" &&
      other.execution === event.execution &&
      other.index < event.index &&
      other.operation.kind === "timer-cancel-async" &&
      other.operation.element === operation.element &&
      other.result === 1,
  );

/** A program that cancels the armed timer and may then start it again, without setting its callback again. */
const cancelled = (restart: boolean) =>
  fc.record({ timer: oneTimer(), later: delayNs() }).map(({ timer, later }) => {
    const again = restart ? [start(later)] : [];
    return afterArming(
      timer,
      [run(1), advance(Math.max(timer.delay, later) + GRID_NS)],
      [onTimer(timer, [cancelAsync(), ...again])],
    );
  });

export default [
  {
    id: "cancel-async.inactive",
    citations: RETURNS,
    since: "7.0",
    scenarios: fc.record({ timer: oneTimer(), prepared: fc.nat({ max: 2 }) }).map(({ timer, prepared }) => {
      const before = [[init(0, timer.clock)], [init(0, timer.clock), setCallback(0)], []][prepared] ?? [];
      if (before.length > 0) return timerScenario(timer, [onTimer(timer, [...before, cancelAsync()])], [run()]);
      return afterArming(timer, [advance(timer.delay + GRID_NS), run(1)], [onTimer(timer, [cancelAsync()])]);
    }),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_cancel_async returns 0 for an initialized timer that is not armed.",
        check: callsReturn(
          "timer-cancel-async",
          0,
          (call) => call.timer.initialized && call.timer.arming === null && !isOwn(call),
        ),
        faults: ["cancel-async-returns-one"],
      },
    ],
  },
  {
    id: "cancel-async.active",
    citations: RETURNS,
    since: "7.0",
    scenarios: cancelled(false),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_cancel_async returns 1 for a timer that is armed.",
        check: callsReturn("timer-cancel-async", 1, (call) => call.timer.arming !== null && !isOwn(call)),
        faults: ["cancel-async-returns-zero"],
      },
    ],
  },
  {
    id: "cancel-async.uninitialized",
    citations: RETURNS,
    since: "7.0",
    scenarios: oneTimer().map((timer) => timerScenario(timer, [onTimer(timer, [cancelAsync()])], [run()])),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_cancel_async returns -EINVAL for a timer that bpf_timer_init has not initialized.",
        check: callsReturn("timer-cancel-async", -ERRNO.EINVAL, ({ timer }) => !timer.initialized),
        faults: ["cancel-async-before-init"],
      },
    ],
  },
  {
    id: "cancel-async.own-callback",
    citations: [...RETURNS, { document: "ebpf-docs/bpf_timer_cancel_async", place: "Usage" }],
    since: "7.0",
    scenarios: fc.record({ timer: oneTimer(), rearm: fc.boolean() }).map(({ timer, rearm }) => {
      const own = callback([...(rearm ? [start(timer.delay, 0, "self")] : []), cancelAsync("self")]);
      return timerScenario(
        timer,
        [readyTimer(timer, [start(timer.delay)], [own])],
        [run(), advance(timer.delay + GRID_NS / 2)],
      );
    }),
    clauses: [
      {
        name: "keeps",
        words:
          "bpf_timer_cancel_async, called by a callback on the timer it runs for, returns -1, because it cannot be stopped, or -ECANCELED, where the cancelling is deferred.",
        check: ownCallback,
        faults: ["cancel-async-own-allowed"],
      },
    ],
  },
  {
    id: "cancel-async.stops-firing",
    citations: [
      { document: "ebpf-docs/bpf_timer_cancel_async", place: "first sentence" },
      { document: "ebpf-docs/timers", place: "paragraph on the four helpers" },
    ],
    since: "7.0",
    scenarios: cancelled(false),
    clauses: [
      {
        name: "quiet",
        words: "A timer for which bpf_timer_cancel_async returned 1 does not fire until it is started again.",
        check: staysQuietOnceCancelled(() => true),
        faults: ["cancel-async-keeps-armed"],
      },
    ],
  },
  {
    id: "cancel-async.keeps-callback",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_cancel_async" }],
    since: "7.0",
    undocumented: true,
    scenarios: cancelled(true),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_cancel_async leaves the timer's callback set: unlike after bpf_timer_cancel, bpf_timer_start returns 0 at once.",
        check: callsReturn("timer-start", 0, isRestart),
        faults: ["cancel-async-drops-callback"],
      },
      {
        name: "fires",
        words: "Started again so, the timer fires.",
        check: firesInTime(({ timer, call }, { armings: { records } }) =>
          records.some((other) => other.timer.id === timer.id && other.end === "cancel" && other.call !== call),
        ),
        faults: ["cancel-async-drops-callback"],
      },
    ],
  },
] satisfies Guarantee[];
