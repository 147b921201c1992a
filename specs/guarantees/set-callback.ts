/** What bpf_timer_set_callback promises, and what it promises of the callback. */
import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import { timerClock } from "../../generators/clock.ts";
import { timerElement, timerMap } from "../../generators/map.ts";
import { runnableType } from "../../generators/program-type.ts";
import { delayNs } from "../../generators/time.ts";
import { afterArming, type OneTimer, oneTimer, onTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import {
  advance,
  callback,
  cancel,
  closeMap,
  closeProgram,
  findProgram,
  init,
  lookup,
  program,
  run,
  scenario,
  setCallback,
  start,
  userDelete,
  userUpdate,
} from "../../scenario/build.ts";
import { usedCallbacks } from "../../scenario/elements.ts";
import type { CallEvent, FiringEvent } from "../../scenario/history.ts";
import type { Operation, Scenario, Step } from "../../scenario/scenario.ts";
import { GRID_NS, RELEASE_NS } from "../../scenario/time.ts";
import { callsReturn } from "../checks/calls.ts";
import { firesOnTime } from "../checks/firing-time.ts";
import { loads } from "../checks/loads.ts";
import { happenedMeanwhile, isDone, isSameElement, setterOf } from "../checks/looking-back.ts";
import { firesWithProgramClosed, programGoesOnce, programStays } from "../checks/program-life.ts";
import { isHeld } from "../checks/timer-state.ts";
import type { Check, Guarantee, Judgement, Violation } from "../guarantee.ts";

const RETURNS = [
  { document: "ebpf-docs/bpf_timer_set_callback", place: "Returns" },
  { document: "uapi/bpf_timer_set_callback", place: "Return" },
] as const;
const DEFINITION = [
  { document: "ebpf-docs/bpf_timer_set_callback", place: "Definition" },
  { document: "uapi/bpf_timer_set_callback", place: "Description" },
] as const;
const SIGNATURE = {
  document: "ebpf-docs/bpf_timer_set_callback",
  place: "Definition, signature of callback_fn",
} as const;

const DIFFERENT_CALLBACKS = [
  { document: "ebpf-docs/bpf_timer_start", place: "Definition, last sentences" },
  { document: "uapi/bpf_timer_start", place: "Description, last sentences" },
] as const;
const PROGRAM_REFERENCE = [
  { document: "ebpf-docs/timers", place: "paragraph on pending timers" },
  { document: "ebpf-docs/bpf_timer_start", place: "Definition, on references of programs" },
  { document: "uapi/bpf_timer_start", place: "Description, on references of programs" },
] as const;

/** Two maps of the same shape, and timers in some of their elements; every one gets the same callback. */
const severalTimers = fc
  .record({
    map: timerMap,
    maps: fc.integer({ min: 1, max: 2 }),
    clock: timerClock,
    delay: delayNs(),
    targets: fc.array(fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 3 })), { minLength: 1, maxLength: 3 }),
  })
  .map(({ map, maps, clock, delay, targets }) => {
    const chosen = new Map(
      targets.map(([index, key]) => [
        `${index % maps}/${key % map.maxEntries}`,
        [index % maps, key % map.maxEntries] as const,
      ]),
    );
    const operations = [...chosen.values()].flatMap(([index, key]): Operation[] => [
      lookup(index, key),
      init(index, clock),
      setCallback(0),
      start(delay),
    ]);
    return scenario(Array(maps).fill(map), [program(operations, [callback()])], [run(), advance(delay + GRID_NS)]);
  });

/** Every firing belongs to a started timer, and hands over that timer's map, key and value. */
const checkArguments: Check = (reading): Judgement => {
  const violations: Violation[] = [];
  let exercised = 0;
  for (const { event, timer } of reading.moments) {
    if (event.kind !== "firing") continue;
    exercised++;
    const { map, key } = event.element;
    const observed = `it was called with map ${map === null ? "unknown" : `m${map}`}, key ${key} and ${event.ownElement ? "that element's value" : "a value that is not that element's"}`;
    if (timer?.arming == null || !event.ownElement)
      violations.push({
        at: event.at,
        expected: "the callback receives the map, the key and the value of an element whose timer was started",
        observed,
        subject: "arguments",
      });
  }
  return { exercised, violations };
};

/**
 * Each timer that fires calls the callback that was set last. `when` picks the firings that tell something, given
 * every successful bpf_timer_set_callback before: those on the timer itself, and those on others.
 */
const callsLatest =
  (when: (own: readonly CallEvent[], others: readonly CallEvent[], firing: FiringEvent) => boolean): Check =>
  (reading): Judgement => {
    const violations: Violation[] = [];
    let exercised = 0;
    for (const { event, timer } of reading.moments) {
      if (event.kind !== "firing" || timer?.callback == null) continue;
      const sets = reading.before(event).filter((each) => isDone(each, "timer-set-callback"));
      const own = sets.filter((each) => isSameElement(each, event));
      const others = sets.filter((each) => !isSameElement(each, event));
      if (!when(own, others, event)) continue;
      exercised++;
      const { program, callback } = timer.callback;
      if (event.program === program && event.callback === callback) continue;
      violations.push({
        at: event.at,
        expected: `the timer calls callback ${callback} of program ${program}, set last`,
        observed: `callback ${event.callback} of program ${event.program} ran`,
        subject: "callback",
      });
    }
    return { exercised, violations };
  };

const nameOf = ({ program, operation }: CallEvent): string =>
  operation.kind === "timer-set-callback" ? `${program}/${operation.callback}` : "";

/** Whether two maps have the same value layout; keys are all alike. */
const isSameLayout = ({ maps }: Scenario, one: number, other: number): boolean =>
  JSON.stringify(maps[one]?.value) === JSON.stringify(maps[other]?.value);

/** Whether a start is to run a callback that was set on a timer of another map of the same layout, too. */
const servesSeveralMaps: Parameters<typeof firesOnTime>[0] = (record, reading) => {
  const setter = setterOf(reading, record);
  if (setter === undefined) return false;
  return reading.events.some(
    (event) =>
      isDone(event, "timer-set-callback") &&
      nameOf(event) === nameOf(setter) &&
      event.element?.map != null &&
      setter.element?.map != null &&
      event.element.map !== setter.element.map &&
      isSameLayout(reading.scenario, event.element.map, setter.element.map),
  );
};

/** What takes the reference away that a timer holds of program 0: each with the programs it needs beyond that. */
const RELEASES: readonly ((timer: OneTimer) => { steps: Step[]; more?: ReturnType<typeof program>[] })[] = [
  ({ delay }) => ({ steps: [advance(delay + GRID_NS)] }),
  (timer) => ({ steps: [run(1)], more: [onTimer(timer, [cancel()], [])] }),
  () => ({ steps: [closeMap()] }),
  ({ key }) => ({ steps: [userUpdate(key)] }),
  ({ map, key }) => ({ steps: [map.type === "array" ? userUpdate(key) : userDelete(key)] }),
];

export default [
  {
    id: "set-callback.succeeds",
    citations: RETURNS,
    since: "5.15",
    scenarios: fc
      .record({ element: timerElement, clock: timerClock, type: runnableType, again: fc.boolean() })
      .map(({ element: { map, key }, clock, type, again }) =>
        scenario(
          [map],
          [
            program(
              [lookup(0, key), init(0, clock), setCallback(0), ...(again ? [setCallback(1)] : [])],
              [callback(), callback()],
              type,
            ),
          ],
          [run()],
        ),
      ),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_set_callback returns 0 for an initialized timer while user space refers to its map.",
        check: callsReturn(
          "timer-set-callback",
          0,
          ({ timer, event, references }) =>
            timer.initialized && event.element?.map != null && isHeld(references[event.element.map]),
        ),
        faults: ["set-callback-fails"],
      },
    ],
  },
  {
    id: "set-callback.uninitialized",
    citations: [...RETURNS, { document: "ebpf-docs/timers", place: "list of three programs" }],
    since: "5.15",
    scenarios: fc
      .record({ element: timerElement, type: runnableType, clock: timerClock, wrongInit: fc.boolean() })
      .map(({ element: { map, key }, type, clock, wrongInit }) =>
        scenario(
          [map],
          [program([lookup(0, key), ...(wrongInit ? [init(0, clock + 16)] : []), setCallback(0)], [callback()], type)],
          [run()],
        ),
      ),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_set_callback returns -EINVAL for a timer that bpf_timer_init has not initialized.",
        check: callsReturn(
          "timer-set-callback",
          -ERRNO.EINVAL,
          ({ timer }) => !timer.initialized && timer.freedWithMap === null,
        ),
        faults: ["set-callback-before-init"],
      },
    ],
  },
  {
    id: "set-callback.no-user-reference",
    citations: [...RETURNS, { document: "ebpf-docs/timers", place: "paragraph on -EPERM" }],
    since: "5.15",
    scenarios: fc
      .record({ element: timerElement, clock: timerClock })
      .map(({ element: { map, key }, clock }) =>
        scenario(
          [map],
          [program([lookup(0, key), init(0, clock)]), program([lookup(0, key), setCallback(0)], [callback()])],
          [run(0), closeMap(), run(1)],
        ),
      ),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_set_callback returns -EPERM for a timer, initialized before, in a map that user space refers to neither by a descriptor nor by a pin.",
        check: callsReturn(
          "timer-set-callback",
          -ERRNO.EPERM,
          ({ timer, event, references }) =>
            (timer.initialized || timer.freedWithMap !== null) &&
            event.element?.map != null &&
            !isHeld(references[event.element.map]),
        ),
        faults: ["set-callback-without-user-reference"],
      },
    ],
  },
  {
    id: "set-callback.arguments",
    citations: [SIGNATURE, { document: "ebpf-docs/timers", place: "paragraph on the callback's signature" }],
    since: "5.15",
    scenarios: severalTimers,
    clauses: [
      {
        name: "arguments",
        words:
          "The callback is called with the map that holds the timer, the key of the timer's element and a pointer to that element's value.",
        check: checkArguments,
        faults: ["callback-wrong-key", "callback-wrong-value"],
      },
    ],
  },
  {
    id: "set-callback.latest-wins",
    citations: [...DEFINITION, { document: "ebpf-docs/bpf_timer_start", place: "Definition, last sentence" }],
    since: "5.15",
    scenarios: fc
      .record({
        element: timerElement,
        clock: timerClock,
        delay: delayNs(),
        order: fc.shuffledSubarray([0, 1, 2], { minLength: 2 }),
        armed: fc.boolean(),
      })
      .map(({ element: { map, key }, clock, delay, order, armed }) => {
        const sets = order.map((index) => setCallback(index));
        const [first, ...rest] = sets;
        const body = armed && first !== undefined ? [first, start(delay), ...rest] : [...sets, start(delay)];
        return scenario(
          [map],
          [program([lookup(0, key), init(0, clock), ...body], [callback(), callback(), callback()])],
          [run(), advance(delay + GRID_NS)],
        );
      }),
    clauses: [
      {
        name: "callback",
        words: "When the callback of a timer is set more than once, the timer calls the one that was set last.",
        check: callsLatest((own) => own.length > 1),
        faults: ["first-callback-kept"],
      },
    ],
  },
  {
    id: "set-callback.other-program",
    citations: [...RETURNS, { document: "ebpf-docs/timers", place: "list of three programs" }],
    since: "5.15",
    scenarios: oneTimer().map((timer) =>
      timerScenario(
        timer,
        [onTimer(timer, [init(0, timer.clock)], []), onTimer(timer, [setCallback(0)])],
        [run(0), run(1)],
      ),
    ),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_set_callback returns 0 for a timer that another program initialized.",
        check: callsReturn(
          "timer-set-callback",
          0,
          ({ timer: { init }, event, references }) =>
            init !== null && init.program !== event.program && isHeld(references[event.element?.map ?? -1]),
        ),
        faults: ["set-callback-only-by-initializer"],
      },
    ],
  },
  {
    id: "set-callback.replaced-while-armed",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_set_callback" }],
    since: "5.15",
    undocumented: true,
    scenarios: fc
      .record({ timer: oneTimer(delayNs().map((ns) => ns + GRID_NS)), otherProgram: fc.boolean() })
      .map(({ timer, otherProgram }) => {
        const again = onTimer(timer, [setCallback(0)]);
        const first = readyTimer(timer, [start(timer.delay)]);
        return otherProgram
          ? timerScenario(timer, [first, again], [run(0), advance(GRID_NS), run(1), advance(timer.delay)])
          : timerScenario(
              timer,
              [
                onTimer(
                  timer,
                  [init(0, timer.clock), setCallback(0), start(timer.delay), setCallback(1)],
                  [callback(), callback()],
                ),
              ],
              [run(0), advance(timer.delay + GRID_NS)],
            );
      }),
    clauses: [
      {
        name: "fires",
        words: "Setting the callback of an armed timer leaves its expiry as it is: it fires when its start said.",
        check: firesOnTime((record, reading) =>
          happenedMeanwhile(
            reading,
            record,
            (event) => isDone(event, "timer-set-callback") && isSameElement(event, record.call),
          ),
        ),
        faults: ["set-callback-disarms"],
      },
    ],
  },
  {
    id: "set-callback.replaced-by-other-program",
    citations: DIFFERENT_CALLBACKS,
    since: "5.15",
    scenarios: fc.record({ timer: oneTimer(), startLast: fc.boolean() }).map(({ timer, startLast }) => {
      const first = readyTimer(timer, startLast ? [] : [start(timer.delay)]);
      const second = onTimer(timer, [setCallback(0), ...(startLast ? [start(timer.delay)] : [])]);
      return timerScenario(timer, [first, second], [run(0), run(1), advance(timer.delay + GRID_NS)]);
    }),
    clauses: [
      {
        name: "callback",
        words: "A program may replace the callback that another has set: the timer then calls the second program's.",
        check: callsLatest((own) => new Set(own.map(({ program }) => program)).size > 1),
        faults: ["first-program-kept"],
      },
    ],
  },
  {
    id: "set-callback.per-timer",
    citations: DIFFERENT_CALLBACKS,
    since: "5.15",
    scenarios: fc.record({ timer: oneTimer(), timers: fc.integer({ min: 2, max: 3 }) }).map(({ timer, timers }) => {
      const keys = Array.from({ length: timers }, (_, key) => key);
      const operations = keys.flatMap((key) => [
        lookup(0, key),
        init(0, timer.clock),
        setCallback(key),
        start(timer.delay),
      ]);
      const map = { ...timer.map, maxEntries: timers };
      return scenario(
        [map],
        [
          program(
            operations,
            keys.map(() => callback()),
          ),
        ],
        [run(), advance(timer.delay + GRID_NS)],
      );
    }),
    clauses: [
      {
        name: "callback",
        words: "Each timer has a callback of its own: setting another on one timer of a map leaves the others' alone.",
        check: callsLatest((own, others, { element }) => {
          const latest = own.at(-1);
          return (
            latest !== undefined &&
            others.some((other) => other.element?.map === element.map && nameOf(other) !== nameOf(latest))
          );
        }),
        faults: ["callback-shared-by-map"],
      },
    ],
  },
  {
    id: "set-callback.several-maps",
    citations: [{ document: "ebpf-docs/bpf_timer_start", place: "Definition, on several maps" }],
    since: "5.15",
    scenarios: fc.record({ timer: oneTimer(), maps: fc.integer({ min: 2, max: 3 }) }).map(({ timer, maps }) => {
      const { map, key, clock, delay } = timer;
      const indexes = Array.from({ length: maps }, (_, index) => index);
      const operations = indexes.flatMap((index) => [
        lookup(index, key),
        init(index, clock),
        setCallback(0),
        start(delay),
      ]);
      return scenario(
        indexes.map(() => map),
        [program(operations, [callback()])],
        [run(), advance(delay + GRID_NS)],
      );
    }),
    clauses: [
      {
        name: "fires",
        words: "One callback serves timers of several maps whose values have the same layout: each of them fires.",
        check: firesOnTime(servesSeveralMaps),
        faults: ["callback-serves-one-map"],
      },
    ],
  },
  {
    id: "set-callback.keeps-program",
    citations: PROGRAM_REFERENCE,
    since: "5.15",
    scenarios: oneTimer().map((timer) =>
      afterArming(timer, [closeProgram(), findProgram(), advance(timer.delay + GRID_NS)]),
    ),
    clauses: [
      {
        name: "found",
        words:
          "An armed timer keeps the program of its callback loaded: the program can be found by its id though nobody else refers to it.",
        check: programStays,
        faults: ["timers-hide-program"],
      },
      {
        name: "fires",
        words: "Its callback runs then, too.",
        check: firesWithProgramClosed,
        faults: ["closed-program-never-runs"],
      },
    ],
  },
  {
    id: "set-callback.releases-program",
    citations: PROGRAM_REFERENCE,
    since: "5.15",
    scenarios: fc.record({ timer: oneTimer(), release: fc.constantFrom(...RELEASES) }).map(({ timer, release }) => {
      const { steps, more } = release(timer);
      return afterArming(timer, [closeProgram(), ...steps, advance(RELEASE_NS), findProgram()], more);
    }),
    clauses: [
      {
        name: "gone",
        words:
          "Once all timers that call back into a program have fired, are cancelled or freed, and nobody else refers to it, the program is gone.",
        check: programGoesOnce("fired", "freed", "cancelled"),
        faults: ["program-never-released"],
      },
    ],
  },
  {
    id: "set-callback.returns-zero",
    citations: [{ document: "ebpf-docs/timers", place: "note on the callback's return value" }, SIGNATURE],
    since: "5.15",
    scenarios: fc
      .record({
        element: timerElement,
        clock: timerClock,
        type: runnableType,
        returns: fc.oneof(
          fc.constantFrom(1, -1),
          fc.integer().filter((value) => value !== 0),
        ),
      })
      .map(({ element: { map, key }, clock, type, returns }) => {
        const operations = [lookup(0, key), init(0, clock), setCallback(0)];
        return scenario(
          [map],
          [program(operations, [callback()], type), program(operations, [callback([], returns)], type)],
          [],
        );
      }),
    clauses: [
      {
        name: "load",
        words: "A program whose timer callback can return anything but 0 is refused at load.",
        check: loads("refused", (program) =>
          usedCallbacks(program).some((index) => program.callbacks[index]?.returns !== 0),
        ),
        faults: ["verifier-allows-nonzero-callback"],
      },
    ],
  },
] satisfies Guarantee[];
