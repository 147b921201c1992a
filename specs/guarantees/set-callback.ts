/** What bpf_timer_set_callback promises, and what it promises of the callback. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import { MAX_CLOCKS } from "../../bpf/uapi.ts";
import { timerClock } from "../../generators/clock.ts";
import { timerElement, timerMap } from "../../generators/map.ts";
import { place, placed } from "../../generators/placed.ts";
import { runnableType } from "../../generators/program-type.ts";
import { held, letGo } from "../../generators/references.ts";
import { delayNs } from "../../generators/time.ts";
import { afterArming, type OneTimer, oneTimer, onTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import {
  advance,
  branchingCallback,
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
  updateElement,
  userUpdate,
} from "../../scenario/build.ts";
import { usedCallbacks } from "../../scenario/elements.ts";
import type { Callback, Operation, ProgramSpec, Scenario, Step } from "../../scenario/scenario.ts";
import { GRID_NS, RELEASE_NS } from "../../scenario/time.ts";
import { isHanded } from "../checks/callback-arguments.ts";
import { callbackSets, callsLatest, nameOf } from "../checks/callback-calls.ts";
import { callsReturn } from "../checks/calls.ts";
import { type Applies, firesOnTime } from "../checks/firing-time.ts";
import { refuses } from "../checks/loads.ts";
import { isSameElement, mapOf, setterOf } from "../checks/looking-back.ts";
import { firesWithProgramClosed, programGoesOnce, programStays } from "../checks/program-life.ts";
import type { Call, Reading } from "../checks/reading.ts";
import { isHeld } from "../checks/timer-state.ts";
import type { Guarantee } from "../guarantee.ts";

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

/** Two maps of the same shape, and timers in some of their elements, which expire one after the other and have the same callback. */
const severalTimers = fc
  .record({
    map: timerMap,
    maps: fc.integer({ min: 1, max: 2 }),
    clock: timerClock,
    targets: fc.array(fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 3 })), { minLength: 1, maxLength: 3 }),
  })
  .map(({ map, maps, clock, targets }) => {
    const chosen = new Map(
      targets.map(([index, key]) => [
        `${index % maps}/${key % map.maxEntries}`,
        [index % maps, key % map.maxEntries] as const,
      ]),
    );
    const operations = [...chosen.values()].flatMap(([index, key], place): Operation[] => [
      lookup(index, key),
      init(index, clock),
      setCallback(0),
      start((place + 1) * GRID_NS),
    ]);
    const untilNs = (chosen.size + 1) * GRID_NS;
    return scenario(Array(maps).fill(map), [program(operations, [callback()])], [run(), advance(untilNs)]);
  });

/** Whether two maps have the same value layout; keys are all alike. */
const isSameLayout = ({ maps }: Scenario, one: number, other: number): boolean =>
  isDeepStrictEqual(maps[one]?.value, maps[other]?.value);

/** Whether a start is to run a callback that was set on a timer of another map of the same layout, too. */
const servesSeveralMaps: Applies = (record, reading) => {
  if (reading.scenario.maps.length < 2) return false;
  const setter = setterOf(reading, record);
  if (setter?.element?.map == null) return false;
  const { map } = setter.element;
  return callbackSets(reading).some(
    (event) =>
      nameOf(event) === nameOf(setter) &&
      event.element?.map != null &&
      event.element.map !== map &&
      isSameLayout(reading.scenario, event.element.map, map),
  );
};

/** Whether a start is the first since the timer was cancelled and got its callback again. */
const isSetAfterCancel: Applies = (record, reading) => {
  const setter = setterOf(reading, record);
  return reading.calls("timer-set-callback").some(({ event, timer }) => event === setter && timer.cancelled);
};

const isHeldAt = ({ event, references }: Call<"timer-set-callback">): boolean => isHeld(references[mapOf(event)]);

/** Whether bpf_timer_set_callback was refused on a timer before it was initialized. */
const wasSetTooSoon = ({ timer, event }: Call<"timer-start">, reading: Reading): boolean =>
  reading
    .calls("timer-set-callback")
    .some(
      (set) =>
        set.timer.id === timer.id &&
        !set.timer.initialized &&
        set.event.result < 0 &&
        reading.placeOf(set.event) < reading.placeOf(event),
    );

/** How a timer comes to be uninitialized, up to its lookup. */
const UNINITIALIZED: readonly ((timer: OneTimer) => Operation[])[] = [
  ({ key }) => [lookup(0, key)],
  ({ key, clock }) => [lookup(0, key), init(0, clock + MAX_CLOCKS)],
  ({ key, clock }) => [lookup(0, key), init(0, clock), setCallback(0), updateElement(0, key), lookup(0, key)],
];

/** Whether a program sets a callback of a kind. */
const setsCallback = (program: ProgramSpec, isSuch: (callback: Callback) => boolean): boolean =>
  program.callbacks.some(isSuch) &&
  usedCallbacks(program).some((index) => {
    const used = program.callbacks[index];
    return used !== undefined && isSuch(used);
  });

/** What frees the timer of an element of map 2. */
const FREEING: readonly ((key: number) => Step)[] = [() => closeMap(2), (key) => userUpdate(key, 0, 0, 2)];

/**
 * Four programs that arm a timer each, in a map each: the first fires, the second is cancelled, the third is freed, the
 * fourth gets the callback of another program; then each of them is looked for.
 */
const releases = fc
  .record({ timer: oneTimer(), freeing: fc.constantFrom(...FREEING), closedFirst: fc.boolean() })
  .map(({ timer: { map, key, clock, delay }, freeing, closedFirst }) => {
    const indexes = [0, 1, 2, 3];
    const arming = indexes.map((index) =>
      program([lookup(index, key), init(index, clock), setCallback(0), start(delay)], [callback()]),
    );
    const closing = indexes.map((index) => closeProgram(index));
    const releasing = [run(4), freeing(key), run(5), advance(delay + GRID_NS)];
    return scenario(
      indexes.map(() => map),
      [...arming, program([lookup(1, key), cancel()]), program([lookup(3, key), setCallback(0)], [callback()])],
      [
        ...indexes.map((index) => run(index)),
        ...(closedFirst ? [...closing, ...releasing] : [...releasing, ...closing]),
        advance(RELEASE_NS),
        ...indexes.map((index) => findProgram(index)),
      ],
    );
  });

export default [
  {
    id: "set-callback.succeeds",
    citations: RETURNS,
    since: "5.15",
    scenarios: fc
      .record({
        timer: oneTimer(),
        type: runnableType,
        callbacks: fc.constantFrom([0], [1], [0, 1]),
        own: fc.boolean(),
        place,
        held,
      })
      .map(({ timer: { map, key, clock, delay }, type, callbacks, own, place, held }) => {
        const sets = callbacks.map((index) => setCallback(index));
        const operations = [lookup(0, key), init(0, clock), ...sets, start(delay)];
        const { maps, spec, steps } = placed(place, map, operations, {
          callbacks: [callback(), callback(own ? [setCallback(0, "self")] : [])],
          type,
        });
        return scenario(maps, [spec], [...held, ...steps(), advance(delay + GRID_NS)]);
      }),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_set_callback returns 0 for an initialized timer while user space refers to its map, in the timer's own callback too.",
        check: callsReturn("timer-set-callback", 0, (call) => call.timer.initialized && isHeldAt(call)),
        faults: [
          "set-callback-fails",
          "set-callback-needs-descriptor",
          "set-callback-refused-in-callbacks",
          "set-callback-refused-in-own-callback",
        ],
      },
      {
        name: "sets",
        words: "The timer has a callback then: bpf_timer_start returns 0 for it.",
        check: callsReturn(
          "timer-start",
          0,
          ({ timer, operation, event, references }) =>
            timer.callback !== null && BigInt(operation.flags) === 0n && isHeld(references[mapOf(event)]),
        ),
        faults: ["set-callback-without-effect"],
      },
      {
        name: "calls",
        words: "When the timer fires, it calls this callback.",
        check: callsLatest(() => true),
        faults: ["calls-first-callback"],
      },
    ],
  },
  {
    id: "set-callback.uninitialized",
    citations: [...RETURNS, { document: "ebpf-docs/timers", place: "list of three programs" }],
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer(), type: runnableType, before: fc.constantFrom(...UNINITIALIZED), place })
      .map(({ timer, type, before, place }) => {
        const operations = [...before(timer), setCallback(0), init(0, timer.clock), start(timer.delay)];
        const { maps, spec, steps } = placed(place, timer.map, operations, { type });
        return scenario(maps, [spec], steps());
      }),
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
      {
        name: "leaves-unset",
        words: "The timer has no callback then: once it is initialized, bpf_timer_start returns -EINVAL.",
        check: callsReturn(
          "timer-start",
          -ERRNO.EINVAL,
          (call, reading) =>
            call.timer.initialized &&
            call.timer.callback === null &&
            !call.timer.cancelled &&
            wasSetTooSoon(call, reading),
        ),
        faults: ["set-callback-remembered"],
      },
    ],
  },
  {
    id: "set-callback.no-user-reference",
    citations: [...RETURNS, { document: "ebpf-docs/timers", place: "paragraph on -EPERM" }],
    since: "5.15",
    scenarios: fc
      .record({ element: timerElement, clock: timerClock, letGo, place })
      .map(({ element: { map, key }, clock, letGo, place }) => {
        const { maps, spec, steps } = placed(place, map, [lookup(0, key), setCallback(0)]);
        return scenario(maps, [program([lookup(0, key), init(0, clock)]), spec], [run(0), ...letGo, ...steps(1)]);
      }),
    clauses: [
      {
        name: "returns",
        words:
          "bpf_timer_set_callback returns -EPERM for a timer, initialized before, in a map that user space refers to neither by a descriptor nor by a pin.",
        check: callsReturn(
          "timer-set-callback",
          -ERRNO.EPERM,
          (call) => (call.timer.initialized || call.timer.freedWithMap !== null) && !isHeldAt(call),
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
        name: "map",
        words: "The callback is called with the map that holds the timer.",
        check: isHanded("map"),
        faults: ["callback-wrong-map"],
      },
      {
        name: "key",
        words: "It is called with the key of the timer's element.",
        check: isHanded("key"),
        faults: ["callback-wrong-key"],
      },
      {
        name: "value",
        words: "It is called with a pointer to that element's value.",
        check: isHanded("value"),
        faults: ["callback-wrong-value"],
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
        faults: ["first-callback-kept", "calls-first-callback"],
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
          (call) => call.timer.init !== null && call.timer.init.program !== call.event.program && isHeldAt(call),
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
          callbackSets(reading).some(
            (set) =>
              isSameElement(set, record.call) &&
              reading.placeOf(set) > reading.placeOf(record.call) &&
              (record.endEvent === null || reading.placeOf(set) < reading.placeOf(record.endEvent)),
          ),
        ),
        faults: ["set-callback-disarms", "set-callback-restarts"],
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
    citations: [...PROGRAM_REFERENCE, { document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_set_callback" }],
    since: "5.15",
    scenarios: releases,
    clauses: [
      {
        name: "fired",
        words:
          "Once all timers that call back into a program have fired, and nobody else refers to it, the program is gone.",
        check: programGoesOnce("fired"),
        faults: ["fired-program-unreadable"],
      },
      {
        name: "cancelled",
        words: "So it is once they are all cancelled.",
        check: programGoesOnce("cancelled"),
        faults: ["cancel-keeps-program", "program-never-released"],
      },
      {
        name: "freed",
        words: "So it is once they are all freed, with their element or with their map.",
        check: programGoesOnce("freed"),
        faults: ["freed-timer-keeps-program", "program-never-released"],
      },
      {
        name: "replaced",
        words: "So it is once another program has set a callback of its own on them.",
        check: programGoesOnce("replaced"),
        faults: ["replaced-program-kept"],
      },
    ],
  },
  {
    id: "set-callback.after-cancel",
    citations: [{ document: "ebpf-docs/bpf_timer_set_callback@2026-09", place: "Usage" }],
    since: "5.15",
    scenarios: fc
      .record({ timer: oneTimer(), armed: fc.boolean(), place, type: runnableType })
      .map(({ timer: { map, key, clock, delay }, armed, place, type }) => {
        const first = [lookup(0, key), init(0, clock), setCallback(0), ...(armed ? [start(delay)] : []), cancel()];
        const operations = [...first, setCallback(1), start(delay)];
        const { maps, spec, steps } = placed(place, map, operations, { callbacks: [callback(), callback()], type });
        return scenario(maps, [spec], [...steps(), advance(delay + GRID_NS)]);
      }),
    clauses: [
      {
        name: "returns",
        words: "bpf_timer_set_callback returns 0 for a timer that was cancelled, without another bpf_timer_init.",
        check: callsReturn(
          "timer-set-callback",
          0,
          (call) => call.timer.initialized && call.timer.cancelled && isHeldAt(call),
        ),
        faults: ["set-callback-fails-after-cancel"],
      },
      {
        name: "fires",
        words: "Started then, the timer fires in time.",
        check: firesOnTime(isSetAfterCancel),
        faults: ["cancelled-never-fires"],
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
        mayReturn: fc.oneof(fc.constant(-1), fc.integer({ max: -1 })),
      })
      .map(({ element: { map, key }, clock, type, returns, mayReturn }) => {
        const operations = [lookup(0, key), init(0, clock), setCallback(0)];
        return scenario(
          [map],
          [callback(), callback([], returns), branchingCallback(mayReturn)].map((each) =>
            program(operations, [each], type),
          ),
          [],
        );
      }),
    clauses: [
      {
        name: "load",
        words: "A program whose timer callback returns anything but 0 is refused at load.",
        check: refuses((program) => setsCallback(program, ({ returns }) => returns !== 0)),
        faults: ["verifier-allows-nonzero-callback", "verifier-allows-positive-callback"],
      },
      {
        name: "branch",
        words: "So is one whose callback returns anything but 0 on one of its branches.",
        check: refuses((program) =>
          setsCallback(program, ({ returns, mayReturn = 0 }) => returns === 0 && mayReturn !== 0),
        ),
        faults: ["verifier-allows-nonzero-callback", "verifier-forgets-branch"],
      },
    ],
  },
] satisfies Guarantee[];
