/** What bpf_timer_cancel promises. */
import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import { delayNs } from "../../generators/time.ts";
import { afterArming, type OneTimer, oneTimer, onTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import { advance, callback, cancel, init, lookup, run, setCallback, start } from "../../scenario/build.ts";
import type { Operation } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { callsReturn } from "../checks/calls.ts";
import { firesInTime, staysQuietOnceCancelled } from "../checks/firing-time.ts";
import type { Call } from "../checks/reading.ts";
import type { Guarantee } from "../guarantee.ts";

const RETURNS = [
  { document: "ebpf-docs/bpf_timer_cancel", place: "Returns" },
  { document: "uapi/bpf_timer_cancel", place: "Return" },
] as const;
const DEFINITION = [
  { document: "ebpf-docs/bpf_timer_cancel", place: "Definition" },
  { document: "uapi/bpf_timer_cancel", place: "Description" },
] as const;
const CONCEPT = { document: "ebpf-docs/timers", place: "paragraph on the four helpers" } as const;

type Cancel = Call<"timer-cancel">;

/** Whether the call is made by the callback of the very timer it cancels. */
const isOwn = ({ operation }: Cancel): boolean => operation.element === "self";
const isFromCallback = ({ event }: Cancel): boolean => event.callback !== null;

/** Two timers of one map: the first one's callback does `operations` on the second, which is due later. */
const onAnotherTimer = (operations: (later: number) => Operation[]) =>
  fc.record({ timer: oneTimer(), later: delayNs() }).map(({ timer, later }) => {
    const map = { ...timer.map, maxEntries: 2 };
    const other: OneTimer = { ...timer, map, key: 1, delay: timer.delay + later };
    const first: OneTimer = { ...timer, map, key: 0 };
    const meddles = callback([lookup(0, 1), ...operations(other.delay)]);
    const programs = [readyTimer(other, [start(other.delay)]), readyTimer(first, [start(first.delay)], [meddles])];
    return timerScenario({ ...timer, map }, programs, [run(0), run(1), advance(other.delay + GRID_NS)]);
  });

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
        check: callsReturn(
          "timer-cancel",
          0,
          (call) => call.timer.initialized && call.timer.arming === null && !isOwn(call),
        ),
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
        check: callsReturn("timer-cancel", 1, (call) => call.timer.arming !== null && !isOwn(call)),
        faults: ["cancel-returns-zero"],
      },
    ],
  },
  {
    id: "cancel.twice",
    citations: RETURNS,
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer(), more: fc.integer({ min: 1, max: 3 }) })
      .map(({ timer, more }) =>
        afterArming(timer, [run(1)], [onTimer(timer, [cancel(), ...Array.from({ length: more }, () => cancel())])]),
      ),
    clauses: [
      {
        name: "returns",
        words: "A timer that was cancelled is not active: bpf_timer_cancel returns 0 the next time.",
        check: callsReturn("timer-cancel", 0, (call) => call.timer.initialized && call.timer.cancelled && !isOwn(call)),
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
        check: callsReturn(
          "timer-cancel",
          0,
          (call) => call.timer.fired && call.timer.arming === null && !call.timer.cancelled && !isFromCallback(call),
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
        check: callsReturn("timer-cancel", -ERRNO.EINVAL, ({ timer }) => !timer.initialized),
        faults: ["cancel-before-init"],
      },
    ],
  },
  {
    id: "cancel.own-callback",
    citations: RETURNS,
    since: "5.15",
    scenarios: fc.record({ timer: oneTimer(), rearm: fc.boolean() }).map(({ timer, rearm }) => {
      const own = callback([...(rearm ? [start(timer.delay, 0, "self")] : []), cancel("self")]);
      return timerScenario(
        timer,
        [readyTimer(timer, [start(timer.delay)], [own])],
        [run(), advance(timer.delay + GRID_NS / 2)],
      );
    }),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_cancel returns -EDEADLK when a callback calls it on the timer it runs for.",
        check: callsReturn("timer-cancel", -ERRNO.EDEADLK, (call) => call.timer.initialized && isOwn(call)),
        faults: ["cancel-own-allowed"],
      },
    ],
  },
  {
    id: "cancel.stops-firing",
    citations: [...DEFINITION, CONCEPT],
    since: "5.15",
    scenarios: oneTimer().map((timer) =>
      afterArming(timer, [run(1), advance(timer.delay + GRID_NS)], [onTimer(timer, [cancel()])]),
    ),
    clauses: [
      {
        name: "quiet",
        words: "A timer that was cancelled does not fire until it is started again.",
        check: staysQuietOnceCancelled(() => true),
        faults: ["cancel-does-not-cancel"],
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
        check: callsReturn(
          "timer-cancel",
          1,
          (call) => call.timer.arming !== null && isFromCallback(call) && !isOwn(call),
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
        check: staysQuietOnceCancelled(() => true),
        faults: ["cancel-does-not-cancel"],
      },
    ],
  },
  {
    id: "cancel.restart",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_cancel" }],
    since: "5.15",
    undocumented: true,
    scenarios: oneTimer().map((timer) =>
      afterArming(
        timer,
        [run(1), advance(timer.delay + GRID_NS)],
        [onTimer(timer, [cancel(), setCallback(0), start(timer.delay)])],
      ),
    ),
    clauses: [
      {
        name: "fires",
        words: "A cancelled timer stays initialized: once its callback is set again it can be started, and fires.",
        check: firesInTime(({ timer, call }, { armings: { records } }) =>
          records.some((other) => other.timer.id === timer.id && other.end === "cancel" && other.call !== call),
        ),
        faults: ["cancelled-never-fires"],
      },
    ],
  },
] satisfies Guarantee[];
