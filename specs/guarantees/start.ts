/** What bpf_timer_start promises: what it returns, and when the callback runs. */
import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import { BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN, CLOCK } from "../../bpf/uapi.ts";
import { delayNs } from "../../generators/time.ts";
import { afterArming, oneTimer, onTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import { advance, callback, cancel, init, run, setCallback, start } from "../../scenario/build.ts";
import type { Operation, U64 } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import type { ArmingRecord } from "../checks/armings.ts";
import { callsReturn } from "../checks/calls.ts";
import {
  firesAtOnce,
  firesInOrder,
  firesInTime,
  firesOnItsCpu,
  firesOnTime,
  neverFires,
  neverFiresEarly,
  onlyFiresWhenStarted,
} from "../checks/firing-time.ts";
import type { Guarantee } from "../guarantee.ts";

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

const KNOWN_FLAGS = BigInt(BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN);
const hasUnknownFlags = (flags: U64): boolean => (BigInt(flags) & ~KNOWN_FLAGS) !== 0n;
const isAbsolute = (flags: U64): boolean => (BigInt(flags) & BigInt(BPF_F_TIMER_ABS)) !== 0n;

/** Flags with at least one bit set that no kernel knows. */
const unknownFlags: fc.Arbitrary<U64> = fc
  .tuple(fc.integer({ min: 2, max: 63 }), fc.nat({ max: 3 }))
  .map(([bit, known]) => `0x${((1n << BigInt(bit)) | BigInt(known)).toString(16)}`);

/** A start whose expiry is `delay` after what its own clock says. */
const startAbsolute = (delay: number, fromNow: "monotonic" | "boottime", flags = BPF_F_TIMER_ABS): Operation => ({
  kind: "timer-start",
  element: 0,
  ns: delay,
  flags,
  fromNow,
});

/** The clock whose readings `fromNow` counts from. */
const CLOCK_OF = { monotonic: CLOCK.MONOTONIC, boottime: CLOCK.BOOTTIME } as const;

const NANOSECONDS_MAX = (1n << 63n) - 1n;
const MINUTE_NS = 60_000_000_000;

const isPlain = ({ operation: { ns, flags } }: ArmingRecord): boolean =>
  !isAbsolute(flags) && BigInt(ns) > 0n && BigInt(ns) < BigInt(MINUTE_NS);

export default [
  {
    id: "start.succeeds",
    citations: RETURNS,
    since: "5.15",
    scenarios: oneTimer().map((timer) => timerScenario(timer, [readyTimer(timer, [start(timer.delay)])], [run()])),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_start returns 0 for a timer that is initialized and has a callback.",
        check: callsReturn(
          "timer-start",
          0,
          ({ timer, operation }) => timer.initialized && timer.callback !== null && BigInt(operation.flags) === 0n,
        ),
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
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_cancel, drop_prog_refcnt" }],
    since: "5.15",
    undocumented: true,
    scenarios: oneTimer().map((timer) =>
      timerScenario(timer, [readyTimer(timer, [start(timer.delay), cancel(), start(timer.delay)])], [run()]),
    ),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_cancel takes the callback away with the expiry: bpf_timer_start then returns -EINVAL until a callback is set again.",
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
    scenarios: oneTimer().map((timer) => afterArming(timer, [advance(timer.delay + GRID_NS)])),
    clauses: [
      {
        name: "not-early",
        words:
          "A timer started with N nanoseconds does not fire before N nanoseconds have passed, whichever clock it has.",
        check: neverFiresEarly(isPlain),
        faults: ["start-early"],
      },
    ],
  },
  {
    id: "start.fires",
    citations: DEFINITION,
    since: "5.15",
    scenarios: oneTimer().map((timer) => afterArming(timer, [advance(timer.delay + GRID_NS)])),
    clauses: [
      {
        name: "fires",
        words: "A started timer fires once its time has come, whichever clock it has.",
        check: firesInTime(isPlain),
        faults: ["callback-never-runs"],
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
    scenarios: fc.record({ timer: oneTimer(), longer: delayNs() }).map(({ timer, longer }) => {
      const [first, second] = [timer.delay, timer.delay + longer];
      const programs = [readyTimer(timer, [start(first)]), onTimer(timer, [start(second)])];
      return timerScenario(timer, programs, [run(0), run(1), advance(second + GRID_NS)]);
    }),
    clauses: [
      {
        name: "not-early",
        words: "Starting a timer that is armed moves its expiry: it fires once, when the last start says.",
        check: firesOnTime(({ call }, { armings: { records } }) =>
          records.some(({ end, endEvent }) => end === "restart" && endEvent === call),
        ),
        faults: ["restart-ignored"],
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
        words: "A timer that has fired can be started again, without another init or set_callback, and fires again.",
        check: callsReturn(
          "timer-start",
          0,
          ({ timer, event }) => timer.initialized && timer.fired && timer.callback !== null && event.callback === null,
        ),
        faults: ["firing-drops-callback"],
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
        name: "fires",
        words: "A callback can start its own timer again, and so make it periodic.",
        check: firesInTime(({ call }) => call.callback !== null),
        faults: ["rearm-ignored"],
      },
    ],
  },
  {
    id: "start.by-other-program",
    citations: [CONCEPT("list of three programs")],
    since: "5.15",
    scenarios: oneTimer().map((timer) => {
      const programs = [
        onTimer(timer, [init(0, timer.clock)]),
        onTimer(timer, [setCallback(0)]),
        onTimer(timer, [start(timer.delay)]),
      ];
      return timerScenario(timer, programs, [run(0), run(1), run(2), advance(timer.delay + GRID_NS)]);
    }),
    clauses: [
      {
        name: "returns",
        words:
          "Init, set_callback and start may come from three programs; the timer then fires with the second one's callback.",
        check: callsReturn(
          "timer-start",
          0,
          ({ timer, event }) =>
            timer.initialized && timer.callback !== null && timer.callback.program !== event.program,
        ),
        faults: ["start-only-by-setter"],
      },
    ],
  },
  {
    id: "start.zero",
    citations: DEFINITION,
    since: "5.15",
    scenarios: oneTimer(fc.constant(0)).map((timer) => afterArming(timer, [advance(GRID_NS)])),
    clauses: [
      {
        name: "fires",
        words: "A timer started with 0 nanoseconds fires at once.",
        check: firesAtOnce(({ operation: { ns, flags } }) => BigInt(ns) === 0n && !isAbsolute(flags)),
        faults: ["zero-never-fires"],
      },
    ],
  },
  {
    id: "start.far-future",
    citations: DEFINITION,
    since: "5.15",
    scenarios: fc.record({ timer: oneTimer(), back: fc.bigInt({ min: 0n, max: 1n << 62n }) }).map(({ timer, back }) => {
      const ns = `0x${(NANOSECONDS_MAX - back).toString(16)}`;
      return timerScenario(timer, [readyTimer(timer, [start(ns)])], [run(), advance(timer.delay)]);
    }),
    clauses: [
      {
        name: "never-fires",
        words:
          "bpf_timer_start accepts any number of nanoseconds up to the largest signed 64-bit one; such a timer waits.",
        check: neverFires(
          ({ operation }) => BigInt(operation.ns) > 1n << 61n && BigInt(operation.ns) <= NANOSECONDS_MAX,
        ),
        faults: ["far-future-fires"],
      },
    ],
  },
  {
    id: "start.past-signed",
    citations: [{ document: "linux/kernel/time/hrtimer.c", place: "ktime_add_safe" }],
    since: "5.15",
    undocumented: true,
    scenarios: fc
      .record({ timer: oneTimer(), beyond: fc.bigInt({ min: 1n, max: 1n << 62n }) })
      .map(({ timer, beyond }) => {
        const ns = `0x${(NANOSECONDS_MAX + beyond).toString(16)}`;
        return timerScenario(timer, [readyTimer(timer, [start(ns)])], [run(), advance(timer.delay)]);
      }),
    clauses: [
      {
        name: "never-fires",
        words:
          "A relative start with 2^63 nanoseconds or more returns 0 and does not fire at once: the sum with the present overflows, and is taken for the end of time.",
        check: neverFires(({ operation: { ns, flags } }) => !isAbsolute(flags) && BigInt(ns) > NANOSECONDS_MAX),
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
    scenarios: fc
      .record({ timer: oneTimer(), clock: fc.constantFrom("monotonic" as const, "boottime" as const) })
      .map(({ timer, clock }) => {
        const armed = readyTimer({ ...timer, clock: CLOCK_OF[clock] }, [startAbsolute(timer.delay, clock)]);
        return timerScenario(timer, [armed], [run(), advance(timer.delay + GRID_NS)]);
      }),
    clauses: [
      {
        name: "fires",
        words:
          "With BPF_F_TIMER_ABS the nanoseconds are a reading of the timer's clock: the timer fires when the clock reaches it, not before.",
        check: firesOnTime(
          ({ operation: { flags, fromNow }, clock }) =>
            isAbsolute(flags) && fromNow !== undefined && clock === CLOCK_OF[fromNow],
        ),
        faults: ["absolute-taken-as-relative"],
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
        timerScenario(
          timer,
          [readyTimer({ ...timer, clock: CLOCK.MONOTONIC }, [start(ns, BPF_F_TIMER_ABS)])],
          [run(), advance(GRID_NS)],
        ),
      ),
    clauses: [
      {
        name: "fires",
        words: "With BPF_F_TIMER_ABS and a moment that the timer's clock has passed, the timer fires at once.",
        check: firesAtOnce(
          ({ operation: { ns, flags, fromNow } }) => isAbsolute(flags) && fromNow === undefined && BigInt(ns) <= 1000n,
        ),
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
          ({ operation: { flags, fromNow }, clock }) =>
            isAbsolute(flags) && fromNow === "monotonic" && clock === CLOCK.REALTIME,
        ),
        faults: ["absolute-realtime-never-fires"],
      },
    ],
  },
  {
    id: "start.cpu-pin",
    citations: FLAGS,
    since: "6.7",
    scenarios: fc.record({ timer: oneTimer(), absolute: fc.boolean() }).map(({ timer, absolute }) => {
      const flags = BPF_F_TIMER_CPU_PIN | (absolute ? BPF_F_TIMER_ABS : 0);
      const clock = CLOCK.MONOTONIC;
      const operation = absolute ? startAbsolute(timer.delay, "monotonic", flags) : start(timer.delay, flags);
      return timerScenario(
        timer,
        [readyTimer({ ...timer, clock }, [operation])],
        [run(), advance(timer.delay + GRID_NS)],
      );
    }),
    clauses: [
      {
        name: "cpu",
        words: "With BPF_F_TIMER_CPU_PIN the callback runs on the CPU that called bpf_timer_start.",
        check: firesOnItsCpu(({ operation }) => (BigInt(operation.flags) & BigInt(BPF_F_TIMER_CPU_PIN)) !== 0n),
        faults: ["pin-ignored"],
      },
    ],
  },
] satisfies Guarantee[];
