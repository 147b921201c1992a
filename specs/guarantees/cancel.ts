/** What bpf_timer_cancel promises. */

import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import {
  afterArming,
  type OneTimer,
  onAnotherTimer,
  oneTimer,
  onTimer,
  readyTimer,
  timerScenario,
} from "../../generators/timer.ts";
import {
  advance,
  callback,
  cancel,
  init,
  interruptsOff,
  lookup,
  run,
  setCallback,
  start,
} from "../../scenario/build.ts";
import type { Operation } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { delayOf } from "../checks/armings.ts";
import { callsReturn, isInterruptible, isOwn, isReady } from "../checks/calls.ts";
import { firesOnTime, staysQuietOnceCancelled } from "../checks/firing-time.ts";
import { mapOf } from "../checks/looking-back.ts";
import type { Call } from "../checks/reading.ts";
import { isHeld } from "../checks/timer-state.ts";
import type { Check, Guarantee } from "../guarantee.ts";

const RETURNS = [
  { document: "ebpf-docs/bpf_timer_cancel", place: "Returns" },
  { document: "uapi/bpf_timer_cancel", place: "Return" },
] as const;
const DEFINITION = [
  { document: "ebpf-docs/bpf_timer_cancel", place: "Definition" },
  { document: "uapi/bpf_timer_cancel", place: "Description" },
] as const;
const CONCEPT = { document: "ebpf-docs/timers", place: "paragraph on the four helpers" } as const;

/** What bpf_timer_cancel returns with interrupts on. */
const cancelReturns = (expected: number, when: (call: Call<"timer-cancel">) => boolean): Check =>
  callsReturn("timer-cancel", expected, (call) => isInterruptible(call) && when(call));

const isFromCallback = ({ event }: Call<"timer-cancel">): boolean => event.callback !== null;

/** A timer whose callback does some operations and then cancels its own timer: as it was handed it, or looked up. */
const cancelsItself = (first: (timer: OneTimer, rearms: boolean) => Operation[]) =>
  fc.record({ timer: oneTimer(), rearms: fc.boolean(), looksUp: fc.boolean() }).map(({ timer, rearms, looksUp }) => {
    const cancels = looksUp ? [lookup(0, timer.key), cancel(0)] : [cancel("self")];
    const own = callback([...first(timer, rearms), ...cancels]);
    const steps = [run(), advance(2 * timer.delay + GRID_NS / 2)];
    return timerScenario(timer, [readyTimer(timer, [start(timer.delay)], [own])], steps);
  });

/** An armed timer that a program cancels with interrupts off. */
const withInterruptsOff = oneTimer().map((timer) =>
  afterArming(timer, [run(1), advance(timer.delay + GRID_NS)], [onTimer(timer, interruptsOff([cancel()]))]),
);

export default [
  {
    id: "cancel.inactive",
    citations: RETURNS,
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer(), ready: fc.boolean() })
      .map(({ timer, ready }) =>
        timerScenario(
          timer,
          [ready ? readyTimer(timer, [cancel()]) : onTimer(timer, [init(0, timer.clock), cancel()])],
          [run()],
        ),
      ),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_cancel returns 0 for an initialized timer that is not armed.",
        check: cancelReturns(0, (call) => call.timer.initialized && call.timer.arming === null && !isOwn(call)),
        faults: ["cancel-returns-one"],
      },
    ],
  },
  {
    id: "cancel.active",
    citations: RETURNS,
    since: "5.15",
    scenarios: oneTimer().map((timer) => afterArming(timer, [run(1)], [onTimer(timer, [cancel()])])),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_cancel returns 1 for a timer that is armed.",
        check: cancelReturns(1, (call) => call.timer.arming !== null && !isOwn(call)),
        faults: ["cancel-returns-zero"],
      },
    ],
  },
  {
    id: "cancel.twice",
    citations: RETURNS,
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer(), more: fc.integer({ min: 1, max: 3 }), apart: fc.boolean() })
      .map(({ timer, more, apart }) => {
        const again = apart ? 1 : more + 1;
        const cancels = onTimer(
          timer,
          Array.from({ length: again }, () => cancel()),
        );
        return afterArming(
          timer,
          Array.from({ length: apart ? more + 1 : 1 }, () => run(1)),
          [cancels],
        );
      }),
    clauses: [
      {
        name: "returns",
        words: "A timer that was cancelled is not active: bpf_timer_cancel returns 0 the next time.",
        check: cancelReturns(
          0,
          (call) => call.timer.initialized && call.timer.cancelled && call.timer.arming === null && !isOwn(call),
        ),
        faults: ["cancelled-stays-active"],
      },
    ],
  },
  {
    id: "cancel.after-firing",
    citations: RETURNS,
    since: "5.15",
    scenarios: oneTimer().map((timer) =>
      afterArming(timer, [advance(timer.delay + GRID_NS), run(1)], [onTimer(timer, [cancel()])]),
    ),
    clauses: [
      {
        name: "returns",
        words: "A timer that has fired and was not started again is not active: bpf_timer_cancel returns 0.",
        check: cancelReturns(
          0,
          (call) =>
            call.timer.initialized &&
            call.timer.fired &&
            call.timer.arming === null &&
            !call.timer.cancelled &&
            !isOwn(call),
        ),
        faults: ["fired-stays-active"],
      },
    ],
  },
  {
    id: "cancel.uninitialized",
    citations: RETURNS,
    since: "5.15",
    scenarios: oneTimer().map((timer) => timerScenario(timer, [onTimer(timer, [cancel()])], [run()])),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_cancel returns -EINVAL for a timer that bpf_timer_init has not initialized.",
        check: cancelReturns(-ERRNO.EINVAL, ({ timer }) => !timer.initialized),
        faults: ["cancel-before-init"],
      },
    ],
  },
  {
    id: "cancel.own-callback",
    citations: RETURNS,
    since: "5.15",
    scenarios: cancelsItself((timer, rearms) => (rearms ? [start(timer.delay, 0, "self")] : [])),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_cancel returns -EDEADLK when a callback calls it on the timer it runs for, be it through its own argument or through a lookup.",
        check: cancelReturns(-ERRNO.EDEADLK, (call) => call.timer.initialized && isOwn(call)),
        faults: ["cancel-own-allowed"],
      },
    ],
  },
  {
    id: "cancel.own-callback-keeps",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_cancel, hrtimer_running" }],
    since: "5.15",
    undocumented: true,
    scenarios: cancelsItself((timer) => [start(timer.delay, 0, "self")]),
    clauses: [
      {
        name: "fires",
        words:
          "A refused bpf_timer_cancel changes nothing: where the callback had started its timer again before, it fires when that start says.",
        check: firesOnTime(
          (record, reading) =>
            record.own &&
            delayOf(record.operation) !== null &&
            reading
              .calls("timer-cancel")
              .some(
                ({ event }) =>
                  event.result < 0 && event.execution === record.call.execution && event.index > record.call.index,
              ),
        ),
        faults: ["cancel-own-cancels"],
      },
    ],
  },
  {
    id: "cancel.stops-firing",
    citations: [...DEFINITION, CONCEPT],
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer(), resets: fc.boolean() })
      .map(({ timer, resets }) =>
        afterArming(
          timer,
          [run(1), advance(timer.delay + GRID_NS)],
          [onTimer(timer, [cancel(), ...(resets ? [setCallback(0)] : [])])],
        ),
      ),
    clauses: [
      {
        name: "quiet",
        words:
          "A timer that was cancelled does not fire until it is started again, even where its callback is set again.",
        check: staysQuietOnceCancelled("timer-cancel"),
        faults: ["cancel-does-not-cancel", "cancel-only-drops-callback"],
      },
    ],
  },
  {
    id: "cancel.from-other-callback",
    citations: [...RETURNS, ...DEFINITION],
    since: "5.15",
    scenarios: onAnotherTimer(() => [cancel()]),
    clauses: [
      {
        name: "returns",
        words: "A callback may cancel another timer: bpf_timer_cancel returns 1 where that one is armed.",
        check: cancelReturns(
          1,
          (call) => call.timer.initialized && call.timer.arming !== null && isFromCallback(call) && !isOwn(call),
        ),
        faults: ["cancel-refused-in-callbacks"],
      },
    ],
  },
  {
    id: "cancel.stops-firing-from-callback",
    citations: [...DEFINITION, CONCEPT],
    since: "5.15",
    scenarios: onAnotherTimer(() => [cancel()]),
    clauses: [
      {
        name: "quiet",
        words: "A timer that another timer's callback cancelled does not fire.",
        check: staysQuietOnceCancelled("timer-cancel", ({ callback }) => callback !== null),
        faults: ["cancel-does-not-cancel"],
      },
    ],
  },
  {
    id: "cancel.restart",
    citations: [
      { document: "ebpf-docs/bpf_timer_cancel@2026-09", place: "Usage" },
      { document: "ebpf-docs/bpf_timer_set_callback@2026-09", place: "Usage" },
      { document: "ebpf-docs/timers@2026-09", place: "cycle of cancel and restart" },
    ],
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer(), fired: fc.boolean() })
      .map(({ timer, fired }) =>
        afterArming(
          timer,
          [...(fired ? [advance(timer.delay + GRID_NS)] : []), run(1), advance(timer.delay + GRID_NS)],
          [onTimer(timer, [cancel(), setCallback(0), start(timer.delay)])],
        ),
      ),
    clauses: [
      {
        name: "set-callback",
        words: "A cancelled timer stays initialized: bpf_timer_set_callback returns 0 without another bpf_timer_init.",
        check: callsReturn(
          "timer-set-callback",
          0,
          ({ timer, references, event }) => timer.initialized && timer.cancelled && isHeld(references[mapOf(event)]),
        ),
        faults: ["cancel-frees-timer"],
      },
      {
        name: "start",
        words: "Once its callback is set again, bpf_timer_start returns 0,",
        check: callsReturn("timer-start", 0, (call) => isReady(call) && call.timer.everCancelled),
        faults: ["cancelled-refuses-start"],
      },
      {
        name: "fires",
        words: "and the timer fires when that start says.",
        check: firesOnTime(({ timer, operation }) => timer.everCancelled && delayOf(operation) !== null),
        faults: ["cancelled-never-fires"],
      },
    ],
  },
  {
    id: "cancel.interrupts-off",
    citations: RETURNS,
    since: "6.18",
    scenarios: withInterruptsOff,
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_cancel returns 1 for a timer that is armed, with interrupts off as well.",
        check: callsReturn(
          "timer-cancel",
          1,
          (call) => call.event.interruptsOff && call.timer.arming !== null && !isOwn(call),
        ),
        faults: ["cancel-with-interrupts-off-invalid"],
      },
    ],
  },
  {
    id: "cancel.refused-with-interrupts-off",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_cancel, defer_timer_wq_op" }],
    since: "7.0",
    undocumented: true,
    scenarios: withInterruptsOff,
    clauses: [
      {
        name: "returns",
        words: "With interrupts off bpf_timer_cancel, which may have to wait, returns -EOPNOTSUPP.",
        check: callsReturn("timer-cancel", -ERRNO.EOPNOTSUPP, ({ event }) => event.interruptsOff),
        faults: ["cancel-with-interrupts-off-invalid"],
      },
      {
        name: "fires",
        words: "The timer stays as it is, and fires when it is due.",
        check: firesOnTime(({ call, operation, timer }, reading) => {
          const cancels = reading.calls("timer-cancel");
          return (
            delayOf(operation) !== null &&
            cancels.some(
              ({ event, timer: cancelled }) =>
                event.interruptsOff && cancelled.id === timer.id && cancelled.arming?.call === call,
            )
          );
        }),
        faults: ["cancel-with-interrupts-off-cancels"],
      },
    ],
  },
] satisfies Guarantee[];
