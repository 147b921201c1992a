/** What bpf_timer_init promises. */
import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import { otherClock, reservedFlags, timerClock } from "../../generators/clock.ts";
import { timerElement } from "../../generators/map.ts";
import { place, placed } from "../../generators/placed.ts";
import { runnableType } from "../../generators/program-type.ts";
import { held, letGo } from "../../generators/references.ts";
import { oneTimer, onTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import { otherMap } from "../../generators/twins.ts";
import {
  advance,
  callback,
  cancel,
  deleteElement,
  init,
  lookup,
  program,
  run,
  scenario,
  setCallback,
  start,
  updateElement,
  userDelete,
  userUpdate,
} from "../../scenario/build.ts";
import { lookupBefore, resolveElementMap, usedCallbacks } from "../../scenario/elements.ts";
import type { HistoryEvent } from "../../scenario/history.ts";
import type { Operation, ProgramSpec, Step, U64 } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { callsReturn, hasReservedBits, isTimerClock, isUnopposed } from "../checks/calls.ts";
import { firesOnTime } from "../checks/firing-time.ts";
import { refuses } from "../checks/loads.ts";
import { entryOf, isSameElement, mapOf } from "../checks/looking-back.ts";
import type { Call, Reading } from "../checks/reading.ts";
import { isRefusedMeanwhile, wasRefused } from "../checks/refusals.ts";
import { isHeld, type TimerState } from "../checks/timer-state.ts";
import type { Check, Guarantee } from "../guarantee.ts";

const RETURNS = [
  { document: "ebpf-docs/bpf_timer_init", place: "Returns" },
  { document: "uapi/bpf_timer_init", place: "Return" },
] as const;
const DEFINITION = [
  { document: "ebpf-docs/bpf_timer_init", place: "Definition" },
  { document: "uapi/bpf_timer_init", place: "Description" },
] as const;

/** What the page of bpf_timer_start says of updates and deletes. */
const FREEING = [
  { document: "ebpf-docs/bpf_timer_start", place: "Definition, on update and delete" },
  { document: "uapi/bpf_timer_start", place: "Description, on update and delete" },
] as const;

/** Whether what freed the element's timer before was an update or a delete, by user space or by a program. */
const wasFreedBy = ({ freedBy }: TimerState, kind: "update" | "delete", by: "user" | "program"): boolean =>
  freedBy !== null &&
  (freedBy.kind === "step"
    ? by === "user" && freedBy.step.kind === kind
    : by === "program" && freedBy.operation.kind === kind);

/** One element, and a program or a callback that inits its timer once with each of some flags. */
const inits = (flags: fc.Arbitrary<U64[]>) =>
  fc
    .record({ element: timerElement, flags, type: runnableType, place })
    .map(({ element: { map, key }, flags, type, place }) => {
      const { maps, spec, steps } = placed(place, map, [lookup(0, key), ...flags.map((value) => init(0, value))], {
        type,
      });
      return scenario(maps, [spec], steps());
    });

/** A timer that is initialized and gets a callback, is started and fires; bpf_timer_init is called again on the way. */
const initsAgain = (flags: fc.Arbitrary<U64[]>) =>
  fc
    .record({ timer: oneTimer(), before: flags, after: flags, place, type: runnableType })
    .map(({ timer: { map, key, clock, delay }, before, after, place, type }) => {
      const again = (values: U64[]) => values.map((value) => init(0, value));
      const operations = [lookup(0, key), init(0, clock), setCallback(0), ...again(before), start(delay)];
      const { maps, spec, steps } = placed(place, map, [...operations, ...again(after)], { type });
      return scenario(maps, [spec], [...steps(), advance(delay + GRID_NS)]);
    });

const isBusy = ({ event }: Call<"timer-init">): boolean => event.result === -ERRNO.EBUSY;
const isInvalid = ({ event }: Call<"timer-init">): boolean => event.result === -ERRNO.EINVAL;
const hasOtherClock = ({ operation: { flags } }: Call<"timer-init">): boolean =>
  !hasReservedBits(flags) && !isTimerClock(flags);

/** What a refused bpf_timer_init leaves alone: the callback that was set, so that a start succeeds. */
const keepsCallback = (isSuch: (call: Call<"timer-init">) => boolean): Check =>
  callsReturn(
    "timer-start",
    0,
    (call, reading) =>
      call.timer.callback !== null &&
      BigInt(call.operation.flags) === 0n &&
      wasRefused(reading, call, "timer-init", isSuch),
  );

/** And the start of an armed timer. */
const keepsStart = (isSuch: (call: Call<"timer-init">) => boolean): Check =>
  firesOnTime((record, reading) => isRefusedMeanwhile(reading, record, "timer-init", isSuch));

/** And that the timer is not initialized. */
const staysFree = (isSuch: (call: Call<"timer-init">) => boolean): Check =>
  callsReturn("timer-init", 0, (call, reading) => isUnopposed(call) && wasRefused(reading, call, "timer-init", isSuch));

const isStillBusy = ({ timer, operation }: Call<"timer-init">): boolean =>
  timer.initialized && isTimerClock(operation.flags);

/** Whether another timer of the map is initialized by then. */
const hasNeighbour = ({ event }: Call<"timer-init">, reading: Reading): boolean => {
  const until = reading.placeOf(event);
  return reading.calls("timer-init").some(({ event: other }) => {
    const from = reading.placeOf(other);
    if (other.result !== 0 || from >= until || other.element?.map !== event.element?.map) return false;
    return (
      !isSameElement(other, event) &&
      !reading.events.slice(from, until).some((between) => isFreeing(between) && isSameElement(between, other))
    );
  });
};

const isFreeing = (event: HistoryEvent): boolean => {
  const { kind } = event.kind === "step" ? event.step : event.kind === "call" ? event.operation : event;
  return kind === "update" || kind === "delete";
};

/** Whether a program, or a callback that it sets, inits a timer of one map with another map. */
function initsWithOtherMap(program: ProgramSpec): boolean {
  const isOther = (operations: readonly Operation[], callback: number | null): boolean =>
    operations.some((operation, at) => {
      if (operation.kind !== "timer-init" || operation.innerMapOf !== undefined) return false;
      const { element, map } = operation;
      if (element === "self") return (resolveElementMap(program, callback, at, element) ?? map) !== map;
      const found = lookupBefore(operations, at, element);
      return found?.kind === "lookup" && found.map !== map;
    });
  return (
    isOther(program.operations, null) ||
    (program.callbacks.length > 0 &&
      usedCallbacks(program).some((index) => isOther(program.callbacks[index]?.operations ?? [], index)))
  );
}

/** An element's timer is initialized, and started where that is asked for, and taken away: by user space, then by a program or a callback. */
const takenAway =
  (steps: (key: number) => Step[], operations: (key: number) => Operation[]) =>
  ({
    place,
    armed,
    timer,
  }: {
    place: "program" | "callback";
    armed: boolean;
    timer: Parameters<typeof onTimer>[0];
  }) => {
    const { map, key, clock, delay } = timer;
    const first = armed ? readyTimer(timer, [start(delay)]) : onTimer(timer, [init(0, clock)], []);
    const taking = placed(place, map, operations(key), { callbacks: [] });
    return scenario(taking.maps, [first, taking.spec], [run(0), ...steps(key), run(0), ...taking.steps(1), run(0)]);
  };

export default [
  {
    id: "init.succeeds",
    citations: [...RETURNS, ...DEFINITION],
    since: "5.15",
    scenarios: fc
      .record({ element: timerElement, clock: timerClock, type: runnableType, place, held })
      .map(({ element: { map, key }, clock, type, place, held }) => {
        const operations = [lookup(0, key), init(0, clock), setCallback(0)];
        const { maps, spec, steps } = placed(place, map, operations, { type });
        return scenario(maps, [spec], [...held, ...steps()]);
      }),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_init returns 0 for a timer that is not initialized, with CLOCK_MONOTONIC, CLOCK_REALTIME or CLOCK_BOOTTIME as its clock, while user space refers to the map.",
        check: callsReturn("timer-init", 0, isUnopposed),
        faults: ["init-rejects-boottime", "init-needs-descriptor"],
      },
      {
        name: "initializes",
        words: "The timer is initialized then: bpf_timer_set_callback returns 0 for it.",
        check: callsReturn(
          "timer-set-callback",
          0,
          ({ timer, event, references }) =>
            timer.initialized && !timer.cancelled && !timer.fired && isHeld(references[mapOf(event)]),
        ),
        faults: ["init-without-effect"],
      },
    ],
  },
  {
    id: "init.already-initialized",
    citations: RETURNS,
    since: "5.15",
    scenarios: initsAgain(fc.array(timerClock, { minLength: 1, maxLength: 2 })),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_init returns -EBUSY for a timer that is already initialized.",
        check: callsReturn(
          "timer-init",
          -ERRNO.EBUSY,
          ({ timer, operation }) => timer.initialized && isTimerClock(operation.flags),
        ),
        faults: ["init-twice-allowed", "init-again-allowed-in-callbacks"],
      },
      {
        name: "keeps-callback",
        words: "The timer keeps its callback then: bpf_timer_start returns 0.",
        check: keepsCallback(isBusy),
        faults: ["init-again-drops-callback"],
      },
      {
        name: "keeps-start",
        words: "Where it is armed, it stays so, and fires when its start said.",
        check: keepsStart(isBusy),
        faults: ["init-again-disarms"],
      },
    ],
  },
  {
    id: "init.invalid-clock",
    citations: [...DEFINITION, ...RETURNS],
    since: "5.15",
    scenarios: inits(fc.tuple(otherClock, otherClock, timerClock)),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_init returns -EINVAL when the clock id in the low 4 bits of flags is none of CLOCK_MONOTONIC, CLOCK_REALTIME and CLOCK_BOOTTIME.",
        check: callsReturn("timer-init", -ERRNO.EINVAL, (call) => !call.timer.initialized && hasOtherClock(call)),
        faults: ["init-accepts-any-clock"],
      },
      {
        name: "leaves-free",
        words: "The timer is not initialized then: bpf_timer_init with one of the three returns 0.",
        check: staysFree((call) => isInvalid(call) && hasOtherClock(call)),
        faults: ["init-refused-clock-initializes"],
      },
    ],
  },
  {
    id: "init.reserved-flags",
    citations: [...DEFINITION, ...RETURNS],
    since: "5.15",
    scenarios: inits(fc.tuple(reservedFlags, reservedFlags, timerClock)),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_init returns -EINVAL when a bit of flags above the low 4 is set.",
        check: callsReturn(
          "timer-init",
          -ERRNO.EINVAL,
          ({ timer, operation }) => !timer.initialized && hasReservedBits(operation.flags),
        ),
        faults: ["init-ignores-reserved-flags"],
      },
      {
        name: "leaves-free",
        words: "The timer is not initialized then: bpf_timer_init without such a bit returns 0.",
        check: staysFree((call) => isInvalid(call) && hasReservedBits(call.operation.flags)),
        faults: ["init-refused-flags-initializes"],
      },
    ],
  },
  {
    id: "init.no-user-reference",
    citations: [...RETURNS, { document: "ebpf-docs/timers", place: "paragraph on -EPERM" }],
    since: "5.15",
    scenarios: fc
      .record({ element: timerElement, clock: timerClock, before: fc.boolean(), letGo, place })
      .map(({ element: { map, key }, clock, before, letGo, place }) => {
        const operations = [lookup(0, key), init(0, clock), init(0, clock)];
        const { maps, spec, steps } = placed(place, map, operations);
        const first = before ? [program([lookup(0, key), init(0, clock)])] : [];
        return scenario(maps, [spec, ...first], [...(before ? [run(1)] : []), ...letGo, ...steps()]);
      }),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_init returns -EPERM for a timer in a map that user space refers to neither by a descriptor nor by a pin.",
        check: callsReturn(
          "timer-init",
          -ERRNO.EPERM,
          ({ timer, operation, references }) =>
            !timer.initialized && isTimerClock(operation.flags) && !isHeld(references[operation.map]),
        ),
        faults: ["init-without-user-reference", "init-unreferenced-initializes"],
      },
    ],
  },
  {
    id: "init.other-map",
    citations: DEFINITION,
    since: "5.15",
    scenarios: otherMap,
    clauses: [
      {
        name: "load",
        words:
          "A program is refused at load where it, or a callback that it sets, calls bpf_timer_init with a timer of one map and another map.",
        check: refuses(initsWithOtherMap),
        faults: ["verifier-allows-other-map"],
      },
    ],
  },
  {
    id: "init.flags-before-busy",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_init" }],
    since: "5.15",
    undocumented: true,
    scenarios: initsAgain(fc.array(fc.oneof(otherClock, reservedFlags), { minLength: 1, maxLength: 2 })),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_init looks at flags first: with an invalid clock id or a reserved bit it returns -EINVAL for a timer that is initialized too, and not -EBUSY.",
        check: callsReturn(
          "timer-init",
          -ERRNO.EINVAL,
          ({ timer, operation }) => timer.initialized && !isTimerClock(operation.flags),
        ),
        faults: ["init-busy-before-flags"],
      },
      {
        name: "keeps-callback",
        words: "The timer keeps its callback then: bpf_timer_start returns 0.",
        check: keepsCallback(isInvalid),
        faults: ["init-refused-drops-callback"],
      },
      {
        name: "keeps-start",
        words: "Where it is armed, it stays so, and fires when its start said.",
        check: keepsStart(isInvalid),
        faults: ["init-refused-disarms"],
      },
    ],
  },
  {
    id: "init.after-delete",
    citations: [...RETURNS, ...FREEING],
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer().filter(({ map }) => map.type !== "array"), armed: fc.boolean(), place })
      .map(
        takenAway(
          (key) => [userDelete(key), userUpdate(key)],
          (key) => [deleteElement(0, key), updateElement(0, key)],
        ),
      ),
    clauses: [
      {
        name: "by-user",
        words:
          "A delete of the element by user space frees its timer: once the element is inserted again, bpf_timer_init returns 0.",
        check: callsReturn("timer-init", 0, (call) => isUnopposed(call) && wasFreedBy(call.timer, "delete", "user")),
        faults: ["user-delete-keeps-timer"],
      },
      {
        name: "by-program",
        words: "So does one by a program or a callback.",
        check: callsReturn("timer-init", 0, (call) => isUnopposed(call) && wasFreedBy(call.timer, "delete", "program")),
        faults: ["program-delete-keeps-timer"],
      },
    ],
  },
  {
    id: "init.after-update",
    citations: [...RETURNS, ...FREEING],
    since: "5.15",
    scenarios: fc.record({ timer: oneTimer(), armed: fc.boolean(), place }).map(
      takenAway(
        (key) => [userUpdate(key)],
        (key) => [updateElement(0, key)],
      ),
    ),
    clauses: [
      {
        name: "by-user",
        words: "An update of the element by user space frees its timer: bpf_timer_init then returns 0.",
        check: callsReturn("timer-init", 0, (call) => isUnopposed(call) && wasFreedBy(call.timer, "update", "user")),
        faults: ["user-update-keeps-timer", "user-update-keeps-array-timer"],
      },
      {
        name: "by-program",
        words: "So does one by a program or a callback.",
        check: callsReturn("timer-init", 0, (call) => isUnopposed(call) && wasFreedBy(call.timer, "update", "program")),
        faults: ["program-update-keeps-timer"],
      },
    ],
  },
  {
    id: "init.per-element",
    citations: [...RETURNS, { document: "ebpf-docs/bpf_timer_start", place: "Definition, on map elements" }],
    since: "5.15",
    scenarios: fc.record({ timer: oneTimer(), elements: fc.integer({ min: 2, max: 4 }) }).map(({ timer, elements }) => {
      const keys = Array.from({ length: elements }, (_, key) => key);
      const operations = keys.flatMap((key) => [lookup(0, key), init(0, timer.clock)]);
      return timerScenario({ ...timer, map: { ...timer.map, maxEntries: elements } }, [program(operations)], [run()]);
    }),
    clauses: [
      {
        name: "returns",
        words:
          "Each element has a timer of its own: bpf_timer_init returns 0 though another of the map is initialized.",
        check: callsReturn("timer-init", 0, (call, reading) => isUnopposed(call) && hasNeighbour(call, reading)),
        faults: ["init-per-map"],
      },
    ],
  },
  {
    id: "init.other-program",
    citations: [...RETURNS, { document: "ebpf-docs/timers", place: "list of three programs" }],
    since: "5.15",
    scenarios: oneTimer().map((timer) => {
      const programs = [0, 1].map(() => onTimer(timer, [init(0, timer.clock)], []));
      return timerScenario(timer, programs, [run(0), run(1)]);
    }),
    clauses: [
      {
        name: "returns",
        words:
          "A timer that one program initialized is initialized for every other: bpf_timer_init returns -EBUSY there.",
        check: callsReturn(
          "timer-init",
          -ERRNO.EBUSY,
          ({ timer, operation, event }) =>
            timer.init !== null && timer.init.program !== event.program && isTimerClock(operation.flags),
        ),
        faults: ["init-counts-per-program"],
      },
    ],
  },
  {
    id: "init.from-callback",
    citations: RETURNS,
    since: "5.15",
    scenarios: oneTimer().map((timer) => {
      const map = { ...timer.map, maxEntries: 2 };
      const callbacks = [callback([lookup(0, 1), init(0, timer.clock)])];
      const first = readyTimer({ ...timer, map, key: 0 }, [start(timer.delay)], callbacks);
      return timerScenario({ ...timer, map }, [first], [run(), advance(timer.delay + GRID_NS)]);
    }),
    clauses: [
      {
        name: "returns",
        words: "A timer's callback may initialize the timer of another element: bpf_timer_init returns 0 there too.",
        check: callsReturn("timer-init", 0, (call, reading) => {
          const own = entryOf(reading, call.event);
          return own !== undefined && own.element.map !== null && !isSameElement(own, call.event) && isUnopposed(call);
        }),
        faults: ["init-refused-in-callbacks"],
      },
    ],
  },
  {
    id: "init.after-cancel",
    citations: [
      { document: "ebpf-docs/bpf_timer_cancel@2026-09", place: "Usage" },
      { document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_cancel, bpf_timer_init" },
    ],
    since: "5.15",
    scenarios: fc.record({ timer: oneTimer(), armed: fc.boolean() }).map(({ timer, armed }) => {
      const operations = [...(armed ? [start(timer.delay)] : []), cancel(), init(0, timer.clock)];
      return timerScenario(timer, [readyTimer(timer, operations)], [run()]);
    }),
    clauses: [
      {
        name: "returns",
        words: "A timer that was cancelled is still initialized: bpf_timer_init returns -EBUSY.",
        check: callsReturn(
          "timer-init",
          -ERRNO.EBUSY,
          ({ timer, operation }) => timer.initialized && timer.cancelled && isTimerClock(operation.flags),
        ),
        faults: ["cancel-frees-timer"],
      },
    ],
  },
  {
    id: "init.after-firing",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_cb, bpf_timer_init" }],
    since: "5.15",
    undocumented: true,
    scenarios: oneTimer().map((timer) => {
      const again = init(0, timer.clock);
      const first = readyTimer(timer, [start(timer.delay)], [callback([init(0, timer.clock, "self")])]);
      return timerScenario(
        timer,
        [first, onTimer(timer, [again], [])],
        [run(0), advance(timer.delay + GRID_NS), run(1)],
      );
    }),
    clauses: [
      {
        name: "in-callback",
        words: "A timer whose callback runs is still initialized: bpf_timer_init returns -EBUSY there.",
        check: callsReturn("timer-init", -ERRNO.EBUSY, (call, reading) => {
          const own = entryOf(reading, call.event);
          return own !== undefined && isSameElement(own, call.event) && isStillBusy(call);
        }),
        faults: ["init-own-allowed"],
      },
      {
        name: "after",
        words: "So is one that has fired.",
        check: callsReturn(
          "timer-init",
          -ERRNO.EBUSY,
          (call) => call.event.callback === null && call.timer.fired && isStillBusy(call),
        ),
        faults: ["firing-frees-timer"],
      },
    ],
  },
] satisfies Guarantee[];
