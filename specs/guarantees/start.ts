/** What bpf_timer_start promises: what it returns, and when the callback runs. */
import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import { BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN, CLOCK } from "../../bpf/uapi.ts";
import { delayNs, unevenDelayNs } from "../../generators/time.ts";
import { afterArming, type OneTimer, oneTimer, onTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import {
  advance,
  callback,
  cancel,
  init,
  interruptsOff,
  lookup,
  program,
  run,
  setCallback,
  start,
} from "../../scenario/build.ts";
import type { Operation, Scenario, Step, U64 } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { type ArmingRecord, hasFlag, isRelative } from "../checks/armings.ts";
import { callsReturn, isOwn, isReady } from "../checks/calls.ts";
import {
  type Applies,
  firesAtOnce,
  firesInOrder,
  firesInTime,
  firesOnItsCpu,
  firesOnTime,
  firesWithItsCallback,
  neverFires,
  neverFiresEarly,
  onlyFiresWhenStarted,
  staysQuietOnceEnded,
  waits,
} from "../checks/firing-time.ts";
import type { Call } from "../checks/reading.ts";
import type { Check, Guarantee } from "../guarantee.ts";

const RETURNS = [
  { document: "ebpf-docs/bpf_timer_start", place: "Returns" },
  { document: "uapi/bpf_timer_start", place: "Return" },
] as const;
const DEFINITION = [
  { document: "ebpf-docs/bpf_timer_start", place: "Definition" },
  { document: "uapi/bpf_timer_start", place: "Description" },
] as const;
const FLAGS = [
  { document: "ebpf-docs/bpf_timer_start", place: "Definition, list of flags" },
  { document: "uapi/bpf_timer_start", place: "Description, flags" },
] as const;
const CONCEPT = (place: string) => ({ document: "ebpf-docs/timers", place }) as const;

const KNOWN_FLAGS = BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN;
const hasUnknownFlags = (flags: U64): boolean =>
  typeof flags === "number" && flags <= KNOWN_FLAGS ? false : (BigInt(flags) & ~BigInt(KNOWN_FLAGS)) !== 0n;

/** Flags with at least one bit set that no kernel knows. */
const unknownFlags: fc.Arbitrary<U64> = fc
  .tuple(fc.integer({ min: 2, max: 63 }), fc.nat({ max: 3 }))
  .map(([bit, known]) => `0x${((1n << BigInt(bit)) | BigInt(known)).toString(16)}`);

type FromNow = "monotonic" | "boottime";

/** A start whose expiry is `delay` after what that clock says. */
const startAbsolute = (delay: number, fromNow: FromNow, flags = BPF_F_TIMER_ABS): Operation => ({
  kind: "timer-start",
  element: 0,
  ns: delay,
  flags,
  fromNow,
});

/** The clock whose readings `fromNow` counts from. */
const CLOCK_OF: Readonly<Record<FromNow, number>> = { monotonic: CLOCK.MONOTONIC, boottime: CLOCK.BOOTTIME };

/** Two timers in one map, each started with an expiry on its own clock, of the two whose readings a program can get. */
const onBothClocks = (flags: number) =>
  fc.record({ timer: oneTimer(), other: delayNs() }).map(({ timer, other }) => {
    const map = { ...timer.map, maxEntries: 2 };
    const programs = (["monotonic", "boottime"] as const).map((fromNow, key) => {
      const delay = key === 0 ? timer.delay : other;
      return readyTimer({ ...timer, key, clock: CLOCK_OF[fromNow] }, [startAbsolute(delay, fromNow, flags)]);
    });
    const steps = [run(0), run(1), advance(Math.max(timer.delay, other) + GRID_NS)];
    return timerScenario({ ...timer, map }, programs, steps);
  });

/** Whether a start has these flags, and an expiry counted from what its timer's own clock says. */
const isOnClock =
  (fromNow: FromNow, flags: number): Applies =>
  ({ operation, clock }) =>
    operation.fromNow === fromNow && clock === CLOCK_OF[fromNow] && Number(operation.flags) === flags;

/** A start with these flags returns 0, where the timer has all it needs. */
const returnsWith = (flags: number, when: (call: Call<"timer-start">) => boolean = () => true): Check =>
  callsReturn(
    "timer-start",
    0,
    (call) =>
      Number(call.operation.flags) === flags && call.timer.initialized && call.timer.callback !== null && when(call),
  );

const ABSOLUTE_PINNED = BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN;

/** Whether a start's nanoseconds are a reading that every clock left behind soon after boot. */
const isLongPast = ({ ns, fromNow }: ArmingRecord["operation"]): boolean => fromNow === undefined && Number(ns) <= 1000;

const NANOSECONDS_MAX = (1n << 63n) - 1n;
const MINUTE_NS = 60_000_000_000;

const isPlain: Applies = (record) => {
  const ns = Number(record.operation.ns);
  return ns > 0 && ns < MINUTE_NS && isRelative(record);
};

/** More than any program waits for, and no more than the largest signed 64-bit number. */
const isFar = (ns: U64): boolean => Number(ns) >= MINUTE_NS && !isPastSigned(ns);
const isPastSigned = (ns: U64): boolean => typeof ns === "string" && BigInt(ns) > NANOSECONDS_MAX;

/** Far in the future: any number from 2^36 on, those up to the largest, and those whose low word alone is near. */
const farNs: fc.Arbitrary<U64> = fc
  .oneof(
    fc.bigInt({ min: 1n << 36n, max: NANOSECONDS_MAX }),
    fc.bigInt({ min: 0n, max: 1n << 20n }).map((back) => NANOSECONDS_MAX - back),
    fc
      .record({ high: fc.integer({ min: 16, max: 2 ** 31 - 1 }), low: fc.nat({ max: GRID_NS }) })
      .map(({ high, low }) => (BigInt(high) << 32n) | BigInt(low)),
  )
  .map((ns) => `0x${ns.toString(16)}`);

/** Delays of which 32 bits hold all, and of which only an unsigned number of so many bits does. */
const someDelayNs = fc.oneof(
  { arbitrary: unevenDelayNs(), weight: 4 },
  { arbitrary: fc.integer({ min: 2 ** 31, max: 2 ** 32 - 1 }), weight: 1 },
);

/** A timer that is started by the callback of another timer. */
const startedByAnother = (timer: OneTimer): Scenario => {
  const map = { ...timer.map, maxEntries: 2 };
  const ready = (key: number) => [lookup(0, key, key), init(0, timer.clock, key), setCallback(key, key)];
  const callbacks = [callback([lookup(0, 1), start(timer.delay)]), callback()];
  const armed = program([...ready(0), ...ready(1), start(GRID_NS)], callbacks);
  return timerScenario({ ...timer, map }, [armed], [run(), advance(timer.delay + 2 * GRID_NS)]);
};

/** A timer that is started by its own callback, which sets another one before. */
const startedByItself = (timer: OneTimer): Scenario => {
  const again = callback([setCallback(1, "self"), start(timer.delay, 0, "self")]);
  const armed = readyTimer(timer, [start(GRID_NS)], [again, callback()]);
  return timerScenario(timer, [armed], [run(), advance(timer.delay + 2 * GRID_NS)]);
};

/** A timer that is started with such a delay: by its program, by the callback of another timer, or by its own. */
const startedSomewhere = (byProgram: fc.Arbitrary<number>, byCallback = byProgram): fc.Arbitrary<Scenario> =>
  fc.oneof(
    oneTimer(byProgram).map((timer) => afterArming(timer, [advance(timer.delay + GRID_NS)])),
    oneTimer(byCallback).map(startedByAnother),
    oneTimer(byCallback).map(startedByItself),
  );

/** Started under a program, a timer with so short a delay could fire before the start is logged; under a callback it cannot. */
const anyDelayNs = fc.oneof(
  { arbitrary: someDelayNs, weight: 3 },
  { arbitrary: fc.integer({ min: 1, max: 500_000 }), weight: 1 },
);

/** Whether a start was made while the timer was armed. */
const isRestart: Applies = ({ timer }) => timer.arming !== null;

/** An armed timer is started again: to expire later, or sooner. */
const restarted = fc
  .record({ timer: oneTimer(), more: delayNs(), sooner: fc.boolean() })
  .map(({ timer, more, sooner }) => {
    const delays = [timer.delay, timer.delay + more];
    const [first, second] = (sooner ? delays.reverse() : delays) as [number, number];
    const programs = [readyTimer(timer, [start(first)]), onTimer(timer, [start(second)])];
    return timerScenario(timer, programs, [run(0), run(1), advance(timer.delay + more + GRID_NS)]);
  });

/**
 * A timer that three programs prepare. The third has a callback as well, which it sets on a timer of its own.
 */
const byThreePrograms = oneTimer().map((timer) => {
  const map = { ...timer.map, maxEntries: 2 };
  const [key, other] = [0, 1];
  const own = [lookup(0, other, 1), init(0, timer.clock, 1), setCallback(0, 1)];
  const programs = [
    onTimer({ ...timer, key }, [init(0, timer.clock)], []),
    onTimer({ ...timer, key }, [setCallback(0)]),
    onTimer({ ...timer, key }, [...own, start(timer.delay)]),
  ];
  return timerScenario({ ...timer, map }, programs, [run(0), run(1), run(2), advance(timer.delay + GRID_NS)]);
});

/** Whether a start was made by another program than the one that set the callback. */
const isForeign = ({ timer, call }: ArmingRecord): boolean =>
  timer.callback !== null && timer.callback.program !== call.program;

/** A timer that was armed and cancelled, was cancelled before, or was cancelled once it had fired; then it is started. */
const startedOnceCancelled = fc
  .record({ timer: oneTimer(), when: fc.constantFrom("armed", "inactive", "fired") })
  .map(({ timer, when }) => {
    if (when === "inactive")
      return timerScenario(timer, [readyTimer(timer, [cancel(), start(timer.delay)])], [run(), advance(GRID_NS)]);
    const again = onTimer(timer, [cancel(), start(timer.delay)]);
    const steps = when === "fired" ? [advance(timer.delay + GRID_NS), run(1)] : [run(1)];
    return afterArming(timer, steps, [again]);
  });

export default [
  {
    id: "start.succeeds",
    citations: RETURNS,
    since: "5.15",
    scenarios: oneTimer().map((timer) => timerScenario(timer, [readyTimer(timer, [start(timer.delay)])], [run()])),
    clauses: [
      {
        name: "returns",
        words: "Without flags bpf_timer_start returns 0 for a timer that is initialized and has a callback.",
        check: callsReturn("timer-start", 0, isReady),
        faults: ["start-fails"],
      },
    ],
  },
  {
    id: "start.uninitialized",
    citations: [...RETURNS, CONCEPT("list of three programs")],
    since: "5.15",
    scenarios: oneTimer().map((timer) => timerScenario(timer, [onTimer(timer, [start(timer.delay)])], [run()])),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_start returns -EINVAL for a timer that bpf_timer_init has not initialized.",
        check: callsReturn("timer-start", -ERRNO.EINVAL, ({ timer }) => !timer.initialized),
        faults: ["start-before-init"],
      },
    ],
  },
  {
    id: "start.without-callback",
    citations: [CONCEPT("list of three programs")],
    since: "5.15",
    scenarios: oneTimer().map((timer) =>
      timerScenario(timer, [onTimer(timer, [init(0, timer.clock), start(timer.delay)])], [run()]),
    ),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_start returns -EINVAL for an initialized timer whose callback was never set.",
        check: callsReturn(
          "timer-start",
          -ERRNO.EINVAL,
          ({ timer }) => timer.initialized && timer.callback === null && !timer.cancelled,
        ),
        faults: ["start-without-callback"],
      },
    ],
  },
  {
    id: "start.after-cancel",
    citations: [
      { document: "ebpf-docs/bpf_timer_start@2026-09", place: "Returns" },
      { document: "ebpf-docs/bpf_timer_cancel@2026-09", place: "Usage" },
    ],
    since: "5.15",
    scenarios: startedOnceCancelled,
    clauses: [
      {
        name: "returns",
        words:
          "Once bpf_timer_cancel was called for a timer, bpf_timer_start returns -EINVAL until bpf_timer_set_callback is called again.",
        check: callsReturn("timer-start", -ERRNO.EINVAL, ({ timer }) => timer.initialized && timer.cancelled),
        faults: ["cancel-keeps-callback"],
      },
    ],
  },
  {
    id: "start.unknown-flags",
    citations: [...RETURNS, ...FLAGS],
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer(), flags: unknownFlags })
      .map(({ timer, flags }) => timerScenario(timer, [readyTimer(timer, [start(timer.delay, flags)])], [run()])),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_start returns -EINVAL when flags has a bit that is neither BPF_F_TIMER_ABS nor BPF_F_TIMER_CPU_PIN.",
        check: callsReturn(
          "timer-start",
          -ERRNO.EINVAL,
          ({ timer, operation }) => timer.initialized && timer.callback !== null && hasUnknownFlags(operation.flags),
        ),
        faults: ["start-ignores-unknown-flags"],
      },
    ],
  },
  {
    id: "start.not-before-expiry",
    citations: DEFINITION,
    since: "5.15",
    scenarios: startedSomewhere(someDelayNs, anyDelayNs),
    clauses: [
      {
        name: "not-early",
        words:
          "A timer started with N nanoseconds, of less than a minute, does not fire before they have passed, whichever clock it has.",
        check: neverFiresEarly(isPlain),
        faults: ["start-early"],
      },
    ],
  },
  {
    id: "start.fires",
    citations: DEFINITION,
    since: "5.15",
    scenarios: startedSomewhere(someDelayNs, anyDelayNs),
    clauses: [
      {
        name: "fires",
        words: "A timer that was started with less than a minute fires once its time has come, whichever clock it has.",
        check: firesInTime(isPlain),
        faults: ["callback-never-runs", "start-fires-late", "delay-low-word-signed", "short-in-callback-fires-late"],
      },
    ],
  },
  {
    id: "start.once",
    citations: DEFINITION,
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer(), more: fc.integer({ min: 1, max: 5 }) })
      .map(({ timer, more }) => afterArming(timer, [advance((more + 1) * timer.delay + GRID_NS)])),
    clauses: [
      {
        name: "once",
        words: "A start makes the callback run once; it does not run again unless bpf_timer_start is called again.",
        check: onlyFiresWhenStarted,
        faults: ["fires-twice"],
      },
    ],
  },
  {
    id: "start.restart-moves",
    citations: DEFINITION,
    since: "5.15",
    scenarios: restarted,
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_start returns 0 for a timer that is armed.",
        check: callsReturn("timer-start", 0, (call) => isReady(call) && call.timer.arming !== null),
        faults: ["restart-fails"],
      },
      {
        name: "in-time",
        words: "The timer then fires when the last start says, and no later,",
        check: firesInTime(isRestart),
        faults: ["restart-fires-late"],
      },
      {
        name: "not-early",
        words: "nor earlier, even where the start before would have been due by then;",
        check: neverFiresEarly(isRestart),
        faults: ["restart-takes-earlier", "restart-ignored"],
      },
      {
        name: "once",
        words: "the start before makes it fire no more, even where that would have been due later.",
        check: staysQuietOnceEnded(({ end }) => end === "restart", "again"),
        faults: ["restart-keeps-later"],
      },
    ],
  },
  {
    id: "start.after-firing",
    citations: DEFINITION,
    since: "5.15",
    scenarios: oneTimer().map((timer) =>
      afterArming(
        timer,
        [advance(timer.delay + GRID_NS), run(1), advance(timer.delay + GRID_NS)],
        [onTimer(timer, [start(timer.delay)])],
      ),
    ),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_start returns 0 for a timer that has fired: it needs no other init or set_callback in between.",
        check: callsReturn("timer-start", 0, (call) => isReady(call) && call.timer.fired && !isOwn(call)),
        faults: ["firing-drops-callback"],
      },
      {
        name: "fires",
        words: "It then fires again, when the new start says.",
        check: firesOnTime((record) => isRelative(record) && record.timer.fired && !record.own),
        faults: ["second-start-never-fires"],
      },
    ],
  },
  {
    id: "start.rearm-from-callback",
    citations: [CONCEPT("last paragraph"), ...DEFINITION],
    since: "5.15",
    scenarios: fc.record({ timer: oneTimer(), rounds: fc.integer({ min: 2, max: 4 }) }).map(({ timer, rounds }) => {
      const rearm = callback([start(timer.delay, 0, "self")]);
      return timerScenario(
        timer,
        [readyTimer(timer, [start(timer.delay)], [rearm])],
        [run(), advance(rounds * timer.delay + GRID_NS / 2)],
      );
    }),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_start returns 0 for a callback that calls it on the timer it runs for.",
        check: callsReturn("timer-start", 0, (call) => isReady(call) && isOwn(call)),
        faults: ["rearm-refused"],
      },
      {
        name: "fires",
        words: "The timer then fires again when that start says, each time the callback does so: it is periodic.",
        check: firesOnTime((record) => isRelative(record) && record.own),
        faults: ["rearm-ignored", "rearm-once", "rearm-fires-late"],
      },
    ],
  },
  {
    id: "start.by-other-program",
    citations: [CONCEPT("list of three programs")],
    since: "5.15",
    scenarios: byThreePrograms,
    clauses: [
      {
        name: "returns",
        words:
          "Init, set_callback and start may come from three programs: bpf_timer_start returns 0 in another program than the one that set the callback.",
        check: callsReturn(
          "timer-start",
          0,
          (call) => isReady(call) && call.timer.callback?.program !== call.event.program,
        ),
        faults: ["start-only-by-setter"],
      },
      {
        name: "fires",
        words: "The timer then fires when the start says,",
        check: firesOnTime((record) => isRelative(record) && isForeign(record)),
        faults: ["callback-of-setter-lost"],
      },
      {
        name: "callback",
        words: "and calls the callback that was set, not one of the program that started it.",
        check: firesWithItsCallback(isForeign),
        faults: ["start-takes-starter"],
      },
    ],
  },
  {
    id: "start.zero",
    citations: DEFINITION,
    since: "5.15",
    scenarios: startedSomewhere(fc.constant(0)),
    clauses: [
      {
        name: "fires",
        words: "A timer started with 0 nanoseconds fires at once, started by a callback too.",
        check: firesAtOnce((record) => Number(record.operation.ns) === 0 && isRelative(record)),
        faults: ["zero-never-fires", "zero-fires-late", "zero-in-callback-fires-late"],
      },
    ],
  },
  {
    id: "start.far-future",
    citations: DEFINITION,
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer(), ns: farNs })
      .map(({ timer, ns }) =>
        timerScenario(timer, [readyTimer(timer, [start(ns)])], [run(), advance(timer.delay + GRID_NS)]),
      ),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_start returns 0 for any number of nanoseconds from a minute to the largest signed 64-bit one.",
        check: callsReturn("timer-start", 0, (call) => isReady(call) && isFar(call.operation.ns)),
        faults: ["far-future-refused"],
      },
      {
        name: "waits",
        words: "Such a timer waits: it does not fire early.",
        check: waits((record) => isRelative(record) && isFar(record.operation.ns)),
        faults: ["far-future-fires", "delay-of-32-bits"],
      },
    ],
  },
  {
    id: "start.past-signed",
    citations: [{ document: "linux/kernel/time/hrtimer.c", place: "ktime_add_safe" }],
    since: "5.15",
    undocumented: true,
    scenarios: fc
      .record({ timer: oneTimer(), beyond: fc.bigInt({ min: 1n, max: 1n << 63n }) })
      .map(({ timer, beyond }) => {
        const ns = `0x${(NANOSECONDS_MAX + beyond).toString(16)}`;
        return timerScenario(timer, [readyTimer(timer, [start(ns)])], [run(), advance(timer.delay)]);
      }),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_start returns 0 for 2^63 nanoseconds or more.",
        check: callsReturn("timer-start", 0, (call) => isReady(call) && isPastSigned(call.operation.ns)),
        faults: ["past-signed-refused"],
      },
      {
        name: "never-fires",
        words:
          "Such a timer does not fire at once: the sum with the present overflows, and is taken for the end of time.",
        check: neverFires((record) => isRelative(record) && isPastSigned(record.operation.ns)),
        faults: ["negative-fires"],
      },
    ],
  },
  {
    id: "start.earlier-first",
    citations: [{ document: "linux/kernel/time/hrtimer.c", place: "__hrtimer_run_queues" }],
    since: "5.15",
    undocumented: true,
    scenarios: fc
      .record({ timer: oneTimer(), later: delayNs(), swapped: fc.boolean() })
      .map(({ timer, later, swapped }) => {
        const map = { ...timer.map, maxEntries: 2 };
        const delays = swapped ? [timer.delay + later, timer.delay] : [timer.delay, timer.delay + later];
        const programs = delays.map((delay, key) => readyTimer({ ...timer, key }, [start(delay)]));
        return timerScenario({ ...timer, map }, programs, [run(0), run(1), advance(timer.delay + later + GRID_NS)]);
      }),
    clauses: [
      {
        name: "order",
        words: "Of two timers of one clock, the one with the earlier expiry fires first.",
        check: firesInOrder,
        faults: ["start-delays-others"],
      },
    ],
  },
  {
    id: "start.absolute",
    citations: FLAGS,
    since: "6.4",
    scenarios: onBothClocks(BPF_F_TIMER_ABS),
    clauses: [
      {
        name: "returns",
        words: "With BPF_F_TIMER_ABS bpf_timer_start returns 0.",
        check: returnsWith(BPF_F_TIMER_ABS),
        faults: ["absolute-refused"],
      },
      {
        name: "monotonic",
        words:
          "The nanoseconds are a reading of the timer's clock. A timer of CLOCK_MONOTONIC fires when that clock reaches it, not before.",
        check: firesOnTime(isOnClock("monotonic", BPF_F_TIMER_ABS)),
        faults: ["absolute-monotonic-as-relative", "absolute-taken-as-relative", "absolute-fires-early"],
      },
      {
        name: "boottime",
        words: "A timer of CLOCK_BOOTTIME fires when that clock reaches it, not before.",
        check: firesOnTime(isOnClock("boottime", BPF_F_TIMER_ABS)),
        faults: ["absolute-boottime-as-relative", "absolute-taken-as-relative", "absolute-fires-late"],
      },
    ],
  },
  {
    id: "start.absolute-pinned",
    citations: FLAGS,
    since: "6.7",
    scenarios: onBothClocks(ABSOLUTE_PINNED),
    clauses: [
      {
        name: "returns",
        words: "BPF_F_TIMER_ABS goes together with BPF_F_TIMER_CPU_PIN: bpf_timer_start returns 0.",
        check: returnsWith(ABSOLUTE_PINNED),
        faults: ["absolute-pinned-refused"],
      },
      {
        name: "fires",
        words:
          "The timer fires when its clock, CLOCK_MONOTONIC or CLOCK_BOOTTIME, reaches the nanoseconds, not before.",
        check: firesOnTime(
          (record, reading) =>
            isOnClock("monotonic", ABSOLUTE_PINNED)(record, reading) ||
            isOnClock("boottime", ABSOLUTE_PINNED)(record, reading),
        ),
        faults: ["absolute-pinned-taken-as-relative"],
      },
    ],
  },
  {
    id: "start.absolute-past",
    citations: FLAGS,
    since: "6.4",
    scenarios: fc
      .record({ timer: oneTimer(), ns: fc.integer({ min: 1, max: 1000 }) })
      .map(({ timer, ns }) =>
        timerScenario(timer, [readyTimer(timer, [start(ns, BPF_F_TIMER_ABS)])], [run(), advance(GRID_NS)]),
      ),
    clauses: [
      {
        name: "returns",
        words: "With BPF_F_TIMER_ABS and a moment that the timer's clock has passed, bpf_timer_start returns 0.",
        check: returnsWith(BPF_F_TIMER_ABS, ({ operation }) => isLongPast(operation)),
        faults: ["absolute-past-refused"],
      },
      {
        name: "fires",
        words: "The timer fires at once, whichever clock it has.",
        check: firesAtOnce(({ operation }) => hasFlag(operation, BPF_F_TIMER_ABS) && isLongPast(operation)),
        faults: ["absolute-past-never-fires"],
      },
    ],
  },
  {
    id: "start.absolute-realtime",
    citations: [...FLAGS, { document: "ebpf-docs/bpf_timer_init", place: "Definition" }],
    since: "6.4",
    scenarios: oneTimer(delayNs().map((ns) => ns + GRID_NS)).map((timer) =>
      timerScenario(
        timer,
        [readyTimer({ ...timer, clock: CLOCK.REALTIME }, [startAbsolute(timer.delay, "monotonic")])],
        [run(), advance(timer.delay + GRID_NS)],
      ),
    ),
    clauses: [
      {
        name: "fires",
        words:
          "With BPF_F_TIMER_ABS and a timer of CLOCK_REALTIME the nanoseconds are a reading of CLOCK_REALTIME: a moment decades past fires at once.",
        check: firesAtOnce(
          ({ operation, clock }) =>
            operation.fromNow === "monotonic" && clock === CLOCK.REALTIME && hasFlag(operation, BPF_F_TIMER_ABS),
        ),
        faults: ["absolute-realtime-never-fires"],
      },
    ],
  },
  {
    id: "start.interrupts-off",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_start, defer_timer_wq_op" }],
    since: "6.18",
    undocumented: true,
    scenarios: oneTimer().map((timer) =>
      timerScenario(
        timer,
        [readyTimer(timer, interruptsOff([start(timer.delay)]))],
        [run(), advance(timer.delay + GRID_NS)],
      ),
    ),
    clauses: [
      {
        name: "returns",
        words:
          "With interrupts off, too, bpf_timer_start returns 0 for a timer that is initialized and has a callback.",
        check: callsReturn("timer-start", 0, (call) => call.event.interruptsOff && isReady(call)),
        faults: ["start-with-interrupts-off-refused"],
      },
      {
        name: "fires",
        words: "The timer then fires when that start says.",
        check: firesOnTime((record) => record.call.interruptsOff && isRelative(record)),
        faults: ["start-with-interrupts-off-lost"],
      },
    ],
  },
  {
    id: "start.cpu-pin",
    citations: FLAGS,
    since: "6.7",
    processors: 2,
    scenarios: fc.record({ timer: oneTimer(), cpu: fc.nat({ max: 1 }), moves: fc.boolean() }).map((drawn) => {
      const { timer, cpu, moves } = drawn;
      const pinned = start(timer.delay, BPF_F_TIMER_CPU_PIN);
      // Where it moves, the other CPU starts the timer again before it fires.
      const again: Step[] = moves ? [{ kind: "run", program: 1, cpu: 1 - cpu }] : [];
      const steps: Step[] = [{ kind: "run", program: 0, cpu }, ...again, advance(timer.delay + GRID_NS)];
      return timerScenario(timer, [readyTimer(timer, [pinned]), onTimer(timer, [pinned])], steps);
    }),
    clauses: [
      {
        name: "returns",
        words: "With BPF_F_TIMER_CPU_PIN bpf_timer_start returns 0.",
        check: returnsWith(BPF_F_TIMER_CPU_PIN),
        faults: ["pin-refused"],
      },
      {
        name: "cpu",
        words: "The callback then runs on the CPU that called bpf_timer_start.",
        check: firesOnItsCpu(({ operation }) => hasFlag(operation, BPF_F_TIMER_CPU_PIN)),
        faults: ["pin-ignored"],
      },
      {
        name: "fires",
        words: "The timer fires when the start says.",
        check: firesOnTime((record) => isRelative(record) && hasFlag(record.operation, BPF_F_TIMER_CPU_PIN)),
        faults: ["pinned-start-fires-late"],
      },
    ],
  },
] satisfies Guarantee[];
