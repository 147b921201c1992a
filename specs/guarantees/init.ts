/** What bpf_timer_init promises. */
import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import { otherClock, reservedFlags, timerClock } from "../../generators/clock.ts";
import { timerElement, timerMap } from "../../generators/map.ts";
import { runnableType } from "../../generators/program-type.ts";
import { afterArming, type OneTimer, oneTimer, onTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import {
  advance,
  callback,
  cancel,
  closeMap,
  deleteElement,
  init,
  lookup,
  program,
  run,
  scenario,
  start,
  updateElement,
  userDelete,
  userUpdate,
} from "../../scenario/build.ts";
import type { Operation, Step, U64 } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { callsReturn, hasReservedBits, isTimerClock, isUnopposed } from "../checks/calls.ts";
import { loads } from "../checks/loads.ts";
import { entryOf, isDone, isSameElement } from "../checks/looking-back.ts";
import { isHeld, type TimerState } from "../checks/timer-state.ts";
import type { Guarantee } from "../guarantee.ts";

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
const wasFreedBy = ({ freedBy }: TimerState, kind: "update" | "delete"): boolean =>
  freedBy !== null && (freedBy.kind === "step" ? freedBy.step.kind : freedBy.operation.kind) === kind;

/** A timer is initialized, taken away by user space or by a program, and initialized again. */
const initAgainAfter = (timer: OneTimer, byUser: boolean, steps: Step[], operations: Operation[]) => {
  const programs = [onTimer(timer, [init(0, timer.clock)], []), ...(byUser ? [] : [program(operations)])];
  return timerScenario(timer, programs, [run(0), ...(byUser ? steps : [run(1)]), run(0)]);
};

/** One element, and a program that inits its timer once with each of some flags. */
const inits = (flags: fc.Arbitrary<U64[]>) =>
  fc
    .record({ element: timerElement, flags, type: runnableType })
    .map(({ element: { map, key }, flags, type }) =>
      scenario([map], [program([lookup(0, key), ...flags.map((value) => init(0, value))], [], type)], [run()]),
    );

export default [
  {
    id: "init.succeeds",
    citations: [...RETURNS, ...DEFINITION],
    since: "5.15",
    scenarios: inits(fc.tuple(timerClock)),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_init returns 0 for a timer that is not initialized, with CLOCK_MONOTONIC, CLOCK_REALTIME or CLOCK_BOOTTIME as its clock, while user space refers to the map.",
        check: callsReturn("timer-init", 0, isUnopposed),
        faults: ["init-rejects-boottime"],
      },
    ],
  },
  {
    id: "init.already-initialized",
    citations: RETURNS,
    since: "5.15",
    scenarios: inits(fc.array(timerClock, { minLength: 2, maxLength: 4 })),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_init returns -EBUSY for a timer that is already initialized.",
        check: callsReturn(
          "timer-init",
          -ERRNO.EBUSY,
          ({ timer, operation }) => timer.initialized && isTimerClock(operation.flags),
        ),
        faults: ["init-twice-allowed"],
      },
    ],
  },
  {
    id: "init.invalid-clock",
    citations: [...DEFINITION, ...RETURNS],
    since: "5.15",
    scenarios: inits(fc.array(otherClock, { minLength: 1, maxLength: 2 })),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_init returns -EINVAL when the clock id in the low 4 bits of flags is none of CLOCK_MONOTONIC, CLOCK_REALTIME and CLOCK_BOOTTIME.",
        check: callsReturn(
          "timer-init",
          -ERRNO.EINVAL,
          ({ timer, operation: { flags } }) => !timer.initialized && !hasReservedBits(flags) && !isTimerClock(flags),
        ),
        faults: ["init-accepts-any-clock"],
      },
    ],
  },
  {
    id: "init.reserved-flags",
    citations: [...DEFINITION, ...RETURNS],
    since: "5.15",
    scenarios: inits(fc.array(reservedFlags, { minLength: 1, maxLength: 2 })),
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
    ],
  },
  {
    id: "init.no-user-reference",
    citations: [...RETURNS, { document: "ebpf-docs/timers", place: "paragraph on -EPERM" }],
    since: "5.15",
    scenarios: fc
      .record({ element: timerElement, clock: timerClock, before: fc.boolean() })
      .map(({ element: { map, key }, clock, before }) =>
        scenario([map], [program([lookup(0, key), init(0, clock)])], [...(before ? [run()] : []), closeMap(), run()]),
      ),
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
        faults: ["init-without-user-reference"],
      },
    ],
  },
  {
    id: "init.other-map",
    citations: DEFINITION,
    since: "5.15",
    scenarios: fc
      .record({ own: timerMap, other: timerMap, clock: timerClock })
      .map(({ own, other, clock }) =>
        scenario([own, other], [program([lookup(0, 0), init(0, clock)]), program([lookup(0, 0), init(1, clock)])], []),
      ),
    clauses: [
      {
        name: "load",
        words: "A program that calls bpf_timer_init with a timer of one map and another map is refused at load.",
        check: loads("refused", ({ operations }) => {
          const looked = operations.find((operation) => operation.kind === "lookup");
          return operations.some((operation) => operation.kind === "timer-init" && operation.map !== looked?.map);
        }),
        faults: ["verifier-allows-other-map"],
      },
    ],
  },
  {
    id: "init.flags-before-busy",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_init" }],
    since: "5.15",
    undocumented: true,
    scenarios: inits(fc.tuple(timerClock, fc.oneof(otherClock, reservedFlags))),
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
    ],
  },
  {
    id: "init.after-delete",
    citations: [...RETURNS, ...FREEING],
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer().filter(({ map }) => map.type !== "array"), byUser: fc.boolean() })
      .map(({ timer, byUser }) => {
        const { key } = timer;
        const operations = [deleteElement(0, key), updateElement(0, key)];
        return initAgainAfter(timer, byUser, [userDelete(key), userUpdate(key)], operations);
      }),
    clauses: [
      {
        name: "returns",
        words:
          "A delete of the element, by user space or by a program, frees its timer: once the element is inserted again, bpf_timer_init returns 0.",
        check: callsReturn("timer-init", 0, (call) => isUnopposed(call) && wasFreedBy(call.timer, "delete")),
        faults: ["user-delete-keeps-timer", "program-delete-keeps-timer"],
      },
    ],
  },
  {
    id: "init.after-update",
    citations: [...RETURNS, ...FREEING],
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer(), byUser: fc.boolean() })
      .map(({ timer, byUser }) =>
        initAgainAfter(timer, byUser, [userUpdate(timer.key)], [updateElement(0, timer.key)]),
      ),
    clauses: [
      {
        name: "returns",
        words:
          "An update of the element, by user space or by a program, frees its timer: bpf_timer_init then returns 0.",
        check: callsReturn("timer-init", 0, (call) => isUnopposed(call) && wasFreedBy(call.timer, "update")),
        faults: ["user-update-keeps-timer", "program-update-keeps-timer"],
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
        check: callsReturn(
          "timer-init",
          0,
          (call, reading) =>
            isUnopposed(call) &&
            reading
              .before(call.event)
              .some(
                (event) =>
                  isDone(event, "timer-init") &&
                  event.element?.map === call.event.element?.map &&
                  !isSameElement(event, call.event),
              ),
        ),
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
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_cancel, bpf_timer_init" }],
    since: "5.15",
    undocumented: true,
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
    scenarios: oneTimer().map((timer) =>
      afterArming(timer, [advance(timer.delay + GRID_NS), run(1)], [onTimer(timer, [init(0, timer.clock)], [])]),
    ),
    clauses: [
      {
        name: "returns",
        words: "A timer that has fired is still initialized: bpf_timer_init returns -EBUSY.",
        check: callsReturn(
          "timer-init",
          -ERRNO.EBUSY,
          ({ timer, operation, event }) =>
            timer.initialized &&
            timer.fired &&
            !timer.cancelled &&
            event.callback === null &&
            isTimerClock(operation.flags),
        ),
        faults: ["firing-frees-timer"],
      },
    ],
  },
] satisfies Guarantee[];
