/** What the kfunc bpf_timer_cancel_async promises. */
import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import { delayNs } from "../../generators/time.ts";
import { afterArming, onAnotherTimer, oneTimer, onTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import {
  advance,
  callback,
  cancelAsync,
  init,
  interruptsOff,
  lookup,
  program,
  run,
  setCallback,
  start,
} from "../../scenario/build.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { delayOf } from "../checks/armings.ts";
import { callsReturn, isInterruptible, isOwn, isReady } from "../checks/calls.ts";
import { firesOnTime, staysQuietOnceCancelled } from "../checks/firing-time.ts";
import type { Guarantee } from "../guarantee.ts";

const RETURNS = [{ document: "ebpf-docs/bpf_timer_cancel_async", place: "Returns" }] as const;

/** What the page lists for a callback that is running: it cannot be stopped, or will be cancelled asynchronously. */
const WHILE_RUNNING: readonly number[] = [-1, -ERRNO.ECANCELED];

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

/** A timer whose callback may start it again, and then cancels it: as it was handed it, or looked up. */
const cancelsItself = (always: boolean) =>
  fc
    .record({ timer: oneTimer(), rearms: always ? fc.constant(true) : fc.boolean(), looksUp: fc.boolean() })
    .map(({ timer, rearms, looksUp }) => {
      const cancels = looksUp ? [lookup(0, timer.key), cancelAsync(0)] : [cancelAsync("self")];
      const own = callback([...(rearms ? [start(timer.delay, 0, "self")] : []), ...cancels]);
      const steps = [run(), advance(2 * timer.delay + GRID_NS / 2)];
      return timerScenario(timer, [readyTimer(timer, [start(timer.delay)], [own])], steps);
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
          (call) => isInterruptible(call) && call.timer.initialized && call.timer.arming === null && !isOwn(call),
        ),
        faults: ["cancel-async-returns-one"],
      },
    ],
  },
  {
    id: "cancel-async.active",
    citations: RETURNS,
    since: "7.0",
    scenarios: fc.oneof(
      cancelled(false),
      onAnotherTimer(() => [cancelAsync()]),
    ),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_cancel_async returns 1 for a timer that is armed, from another timer's callback too.",
        check: callsReturn(
          "timer-cancel-async",
          1,
          (call) => isInterruptible(call) && call.timer.arming !== null && !isOwn(call),
        ),
        faults: ["cancel-async-returns-zero", "cancel-async-refused-in-callbacks"],
      },
    ],
  },
  {
    id: "cancel-async.uninitialized",
    citations: RETURNS,
    since: "7.0",
    scenarios: fc
      .record({ timer: oneTimer(), off: fc.boolean() })
      .map(({ timer, off }) =>
        timerScenario(timer, [onTimer(timer, off ? interruptsOff([cancelAsync()]) : [cancelAsync()])], [run()]),
      ),
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
    scenarios: cancelsItself(false),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_cancel_async, called by a callback on the timer it runs for, returns -1, because it cannot be stopped, or -ECANCELED, where the cancelling is deferred.",
        check: callsReturn("timer-cancel-async", WHILE_RUNNING, (call) => call.timer.initialized && isOwn(call)),
        faults: ["cancel-async-own-allowed"],
      },
    ],
  },
  {
    id: "cancel-async.own-callback-keeps",
    citations: [{ document: "linux/kernel/time/hrtimer.c", place: "hrtimer_try_to_cancel" }],
    since: "7.0",
    undocumented: true,
    scenarios: cancelsItself(true),
    clauses: [
      {
        name: "fires",
        words:
          "Where it returned -1, bpf_timer_cancel_async has changed nothing: a timer that its callback had started again before fires when that start says.",
        check: firesOnTime(
          (record, reading) =>
            record.own &&
            delayOf(record.operation) !== null &&
            reading
              .calls("timer-cancel-async")
              .some(
                ({ event }) =>
                  event.result === -1 && event.execution === record.call.execution && event.index > record.call.index,
              ),
        ),
        faults: ["cancel-async-own-cancels"],
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
        check: staysQuietOnceCancelled("timer-cancel-async"),
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
        check: callsReturn("timer-start", 0, (call) => isReady(call) && call.timer.cancelledAsync),
        faults: ["cancel-async-drops-callback", "cancel-async-restart-refused"],
      },
      {
        name: "fires",
        words: "Started again so, the timer fires when that start says.",
        check: firesOnTime(({ timer, operation }) => timer.cancelledAsync && delayOf(operation) !== null),
        faults: ["cancel-async-restart-never-fires"],
      },
    ],
  },
  {
    id: "cancel-async.deferred",
    citations: [...RETURNS, { document: "ebpf-docs/bpf_timer_cancel_async", place: "Usage" }],
    since: "7.0",
    scenarios: fc.record({ timer: oneTimer(), apart: fc.boolean() }).map(({ timer, apart }) => {
      const map = { ...timer.map, maxEntries: 2 };
      const [armed, inactive] = [
        { ...timer, map, key: 0 },
        { ...timer, map, key: 1 },
      ];
      const both = [cancelAsync(0), cancelAsync(1)];
      const cancels = apart ? both.flatMap((operation) => interruptsOff([operation])) : interruptsOff(both);
      const programs = [
        readyTimer(armed, [start(timer.delay)]),
        onTimer(inactive, [init(0, timer.clock)], []),
        program([lookup(0, 0, 0), lookup(0, 1, 1), ...cancels]),
      ];
      return timerScenario(armed, programs, [run(0), run(1), run(2), advance(timer.delay + GRID_NS)]);
    }),
    clauses: [
      {
        name: "returns",
        words:
          "With interrupts off bpf_timer_cancel_async leaves the cancelling to be done later: for an initialized timer, armed or not, it returns -ECANCELED.",
        check: callsReturn(
          "timer-cancel-async",
          -ERRNO.ECANCELED,
          ({ event, timer }) => event.interruptsOff && timer.initialized,
        ),
        faults: ["cancel-async-never-defers"],
      },
      {
        name: "quiet",
        words: "The timer does not fire until it is started again.",
        check: staysQuietOnceCancelled("timer-cancel-async", ({ interruptsOff }) => interruptsOff),
        faults: ["cancel-async-deferred-lost"],
      },
    ],
  },
] satisfies Guarantee[];
