/** What is promised of a map's ownership of its timers: what holds it, what takes an element away, what user space sees. */
import fc from "fast-check";
import { ERRNO, formatResult } from "../../bpf/errno.ts";
import { BPF_TIMER_BYTES } from "../../bpf/uapi.ts";
import { delayNs } from "../../generators/time.ts";
import { afterArming, type OneTimer, oneTimer, onTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import {
  advance,
  callback,
  closeMap,
  closeProgram,
  deleteElement,
  exitProcess,
  init,
  lookup,
  openPin,
  pinMap,
  program,
  run,
  scenario,
  setCallback,
  start,
  unpinMap,
  updateElement,
  userDelete,
  userLookup,
  userUpdate,
} from "../../scenario/build.ts";
import type { HistoryEvent, StepEvent } from "../../scenario/history.ts";
import type { Scenario, Step } from "../../scenario/scenario.ts";
import { GRID_NS, RELEASE_NS } from "../../scenario/time.ts";
import { fieldOffset } from "../../scenario/value-layout.ts";
import { overdueNs } from "../checks/armings.ts";
import { callsReturn, isUnopposed } from "../checks/calls.ts";
import { firesOnTime, quietOnceFreed } from "../checks/firing-time.ts";
import { elementOf, happenedMeanwhile, isDone, isSameElement, isStep } from "../checks/looking-back.ts";
import { firesWithProgramClosed } from "../checks/program-life.ts";
import type { Reading } from "../checks/reading.ts";
import type { Check, ClockBound, Guarantee, Judgement, Violation } from "../guarantee.ts";

const OWNERSHIP = [
  { document: "ebpf-docs/bpf_timer_init", place: "Returns, on user references" },
  { document: "ebpf-docs/bpf_timer_set_callback", place: "Returns, on user references" },
  { document: "ebpf-docs/bpf_timer_start", place: "Definition, on user references" },
  { document: "uapi/bpf_timer_init", place: "Return" },
] as const;

const START = (place: string) =>
  [
    { document: "ebpf-docs/bpf_timer_start", place: `Definition, ${place}` },
    { document: "uapi/bpf_timer_start", place: `Description, ${place}` },
  ] as const;
const PENDING = { document: "ebpf-docs/timers", place: "paragraph on pending timers" } as const;

/** No timer fires once a step of kind `last` has taken its map's last user reference, and the kernel has let go. */
function cancelledBy(last: Step["kind"]): Check {
  return ({ firings, timers }) => {
    const violations = firings.flatMap(({ event, timer }): Violation[] => {
      const freed = timer?.freedWithMap;
      if (freed?.step.step.kind !== last || event.timeNs <= freed.settledNs) return [];
      const expected = `no callback of the map runs after step ${freed.step.at} (${last})`;
      const observed = `one ran ${event.timeNs - freed.step.outcome.timeNs} ns after it`;
      return [{ at: event.at, expected, observed, subject: last, event }];
    });
    const armed = timers.filter(
      ({ freedWithMap }) => freedWithMap?.step.step.kind === last && freedWithMap.arming !== null,
    );
    return { exercised: armed.length, violations };
  };
}

/** A timer that is armed while only a pin holds its map fires all the same. */
function firesWhilePinned(reading: Reading, clock: ClockBound): Judgement {
  const { records } = reading.armings;
  const fired = records.filter(
    ({ end, references }) => end === "firing" && references?.pinned === true && !references.descriptor,
  );
  const missing = records.filter((record) => record.end === null && overdueNs(record, reading, clock) > 0);
  const violations = missing.map((record) => ({
    at: reading.scenario.steps.length - 1,
    expected: `the timer started in step ${record.call.at} fires: its map is pinned`,
    observed: `${overdueNs(record, reading, clock)} ns past the latest moment it had not`,
    subject: "pin",
  }));
  return { exercised: fired.length + missing.length, violations };
}

/** A timer in a map whose elements can be deleted. */
const inHash = oneTimer().filter(({ map }) => map.type !== "array");

/** Whether the program itself, not a callback, updated or deleted an element. */
const isProgramCall = (event: HistoryEvent, kind: "update" | "delete"): boolean =>
  isDone(event, kind) && event.callback === null;

/** Whether the descriptor that holds a map was opened from its pin. */
function isReopened(reading: Reading, map: number, event: HistoryEvent): boolean {
  const opening = reading
    .before(event)
    .findLast((each) => (isStep(each, "create-map") || isStep(each, "open-pin")) && each.step.map === map);
  return opening !== undefined && isStep(opening, "open-pin");
}

/** An armed timer of an array's element whose delete is refused. */
const deleteInArray = oneTimer()
  .map((timer): OneTimer => ({ ...timer, map: { ...timer.map, type: "array", flags: 0 } }))
  .chain((timer) =>
    fc.boolean().map((byUser) => {
      const steps = [byUser ? userDelete(timer.key) : run(1), advance(timer.delay + GRID_NS)];
      return afterArming(timer, steps, byUser ? [] : [program([deleteElement(0, timer.key)])]);
    }),
  );

const isArrayDelete = (event: HistoryEvent, { maps }: Scenario): boolean => {
  const map = elementOf(event)?.map;
  if (map == null || maps[map]?.type !== "array") return false;
  return event.kind === "step"
    ? event.step.kind === "delete"
    : event.kind === "call" && event.operation.kind === "delete";
};

/** A delete of an array's element is refused. */
const refusesArrayDelete: Check = (reading) => {
  const violations: Violation[] = [];
  let exercised = 0;
  for (const { event, references } of reading.moments) {
    if (event.kind === "firing" || !isArrayDelete(event, reading.scenario)) continue;
    if (event.kind === "step" && references[elementOf(event)?.map ?? -1]?.descriptor !== true) continue;
    exercised++;
    const result = event.kind === "step" ? event.outcome.result : event.result;
    if (result === -ERRNO.EINVAL) continue;
    const [expected, observed] = [
      "the delete of an array's element returns -EINVAL",
      `it returned ${formatResult(result)}`,
    ];
    violations.push({ at: event.at, expected, observed, subject: formatResult(result) });
  }
  return { exercised, violations };
};

/** An LRU map full of armed timers, into which user space inserts more elements; then it looks for each of the first. */
const evictions = fc
  .record({ timer: oneTimer(), elements: fc.integer({ min: 1, max: 3 }), more: fc.integer({ min: 1, max: 4 }) })
  .map(({ timer: { map, clock, delay }, elements, more }) => {
    const keys = Array.from({ length: elements }, (_, key) => key);
    const operations = keys.flatMap((key) => [lookup(0, key), init(0, clock), setCallback(0), start(delay)]);
    const inserted = Array.from({ length: more }, (_, index) => userUpdate(elements + index));
    return scenario(
      [{ ...map, type: "lru-hash", flags: 0, maxEntries: elements }],
      [program(operations, [callback()])],
      [run(), ...inserted, ...keys.map((key) => userLookup(key)), advance(delay + GRID_NS)],
    );
  });

/**
 * No armed timer fires once user space has found its element evicted. An element that takes the evicted one's place
 * has a timer of its own, which nobody started.
 */
const quietOnceEvicted: Check = (reading, clock) => {
  const violations: Violation[] = [];
  const { records, unaccounted } = reading.armings;
  const evicted = records.flatMap((record) => {
    const miss = reading.events.find(
      (event) =>
        event.kind === "step" &&
        event.step.kind === "lookup" &&
        event.outcome.result === -ERRNO.ENOENT &&
        reading.scenario.maps[event.step.map]?.type === "lru-hash" &&
        isSameElement(event, record.call) &&
        happenedMeanwhile(reading, record, (each) => each === event),
    );
    return miss === undefined ? [] : [{ record, miss }];
  });
  const misfire = (event: HistoryEvent | null, at: number): void => {
    if (event?.kind !== "firing") return;
    const expected = `the timer of the element that step ${at} found evicted does not fire`;
    violations.push({
      at: event.at,
      expected,
      observed: `a callback ran for key ${event.element.key}`,
      subject: "evicted",
    });
  };
  for (const { record, miss } of evicted) misfire(record.endEvent, miss.at);
  for (const { event } of unaccounted) {
    const cause = evicted.find(
      ({ record, miss }) => miss.at <= event.at && record.call.element?.map === event.element.map,
    );
    if (cause !== undefined) misfire(event, cause.miss.at);
  }
  return {
    exercised: evicted.filter(({ record }) => overdueNs(record, reading, clock) > 0).length,
    violations,
  };
};

/** What a lookup read where the timer lies, as hexadecimal text. */
function timerBytes({ step, outcome }: StepEvent, { scenario: { maps } }: Reading): string | undefined {
  const map = "map" in step ? maps[step.map] : undefined;
  const offset = map === undefined ? undefined : fieldOffset(map, "timer");
  return offset === undefined ? undefined : outcome.value?.slice(2 * offset, 2 * (offset + BPF_TIMER_BYTES));
}

/** What user space reads where an initialized timer lies is zero. */
const readsZero: Check = (reading) => {
  const read = reading
    .steps("lookup")
    .flatMap(({ event, timer }) => (timer?.initialized === true ? [{ event, bytes: timerBytes(event, reading) }] : []))
    .filter(({ bytes }) => bytes !== undefined);
  const violations = read
    .filter(({ bytes = "" }) => !/^0*$/.test(bytes))
    .map(({ event, bytes }) => ({
      at: event.at,
      expected: "user space reads zeros where the timer lies",
      observed: `it read ${bytes}`,
      subject: "bytes",
      event,
    }));
  return { exercised: read.length, violations };
};

export default [
  {
    id: "ownership.close-cancels",
    citations: OWNERSHIP,
    since: "5.15",
    scenarios: oneTimer(delayNs()).map((armed) => afterArming(armed, [closeMap(), advance(armed.delay + GRID_NS)])),
    clauses: [
      {
        name: "quiet",
        words:
          "When the last descriptor of a map that is not pinned is closed, every timer in it is cancelled and freed: none fires afterwards.",
        check: cancelledBy("close-map"),
        faults: ["close-keeps-timers"],
      },
    ],
  },
  {
    id: "ownership.unpin-cancels",
    citations: OWNERSHIP,
    since: "5.15",
    scenarios: oneTimer(delayNs().map((ns) => ns + 2 * RELEASE_NS)).map((armed) =>
      afterArming(armed, [pinMap(), closeMap(), unpinMap(), advance(armed.delay + GRID_NS)]),
    ),
    clauses: [
      {
        name: "quiet",
        words:
          "When a map that only its pin kept is unpinned, every timer in it is cancelled and freed: none fires once the kernel has released the pin.",
        check: cancelledBy("unpin-map"),
        faults: ["unpin-keeps-timers"],
      },
    ],
  },
  {
    id: "ownership.pin-keeps",
    citations: [...OWNERSHIP, { document: "ebpf-docs/timers", place: "paragraph on -EPERM" }],
    since: "5.15",
    scenarios: oneTimer(delayNs()).map((armed) =>
      afterArming(armed, [pinMap(), closeMap(), advance(armed.delay + GRID_NS)]),
    ),
    clauses: [
      {
        name: "keeps",
        words: "A pin holds a map as a descriptor does: a timer in a pinned map fires though no descriptor is left.",
        check: firesWhilePinned,
        faults: ["pin-does-not-hold"],
      },
    ],
  },
  {
    id: "ownership.exit-cancels",
    citations: [...OWNERSHIP, ...START("on Ctrl-C")],
    since: "5.15",
    scenarios: oneTimer().map((armed) => afterArming(armed, [exitProcess(), advance(armed.delay + GRID_NS)])),
    clauses: [
      {
        name: "quiet",
        words:
          "When the process that holds the only descriptor of a map exits, every timer in the map is cancelled and freed: none fires afterwards.",
        check: cancelledBy("exit-process"),
        faults: ["exit-keeps-timers"],
      },
    ],
  },
  {
    id: "ownership.exit-pinned-keeps",
    citations: [...OWNERSHIP, ...START("on pinned maps")],
    since: "5.15",
    scenarios: oneTimer().map((armed) => afterArming(armed, [pinMap(), exitProcess(), advance(armed.delay + GRID_NS)])),
    clauses: [
      {
        name: "fires",
        words: "A timer in a pinned map fires though the process that held the map's only descriptor has exited.",
        check: firesOnTime((record, reading) =>
          happenedMeanwhile(reading, record, (event) => isStep(event, "exit-process")),
        ),
        faults: ["exit-ignores-pins"],
      },
    ],
  },
  {
    id: "ownership.reopened-pin",
    citations: [...OWNERSHIP, { document: "ebpf-docs/timers", place: "paragraph on -EPERM" }],
    since: "5.15",
    scenarios: oneTimer().map((timer) =>
      timerScenario(
        timer,
        [onTimer(timer, [init(0, timer.clock)], [])],
        [pinMap(), closeMap(), openPin(), unpinMap(), advance(RELEASE_NS), run()],
      ),
    ),
    clauses: [
      {
        name: "returns",
        words:
          "A descriptor opened from a map's pin is a user reference like any other: once the pin is gone, timers in the map can still be initialized.",
        check: callsReturn("timer-init", 0, (call, reading) => {
          const { references, operation, event } = call;
          const held = references[operation.map];
          return isUnopposed(call) && held?.pinned === false && isReopened(reading, operation.map, event);
        }),
        faults: ["reopened-pin-not-held"],
      },
    ],
  },
  {
    id: "ownership.periodic-while-pinned",
    citations: START("on pinned maps"),
    since: "5.15",
    scenarios: fc.record({ timer: oneTimer(), rounds: fc.integer({ min: 2, max: 4 }) }).map(({ timer, rounds }) => {
      const rearm = callback([start(timer.delay, 0, "self")]);
      const steps = [run(), pinMap(), closeMap(), advance(rounds * timer.delay + GRID_NS)];
      return timerScenario(timer, [readyTimer(timer, [start(timer.delay)], [rearm])], steps);
    }),
    clauses: [
      {
        name: "fires",
        words: "In a pinned map that no descriptor holds, a callback can start its own timer again and again.",
        check: firesOnTime(
          ({ call, madeUnder }) => call.callback !== null && madeUnder?.pinned === true && !madeUnder.descriptor,
        ),
        faults: ["rearm-ignored"],
      },
    ],
  },
  {
    id: "ownership.user-update-frees",
    citations: START("on update and delete"),
    since: "5.15",
    scenarios: oneTimer().map((armed) => afterArming(armed, [userUpdate(armed.key), advance(armed.delay + GRID_NS)])),
    clauses: [
      {
        name: "quiet",
        words: "An update of an element by user space cancels and frees its timer: it does not fire.",
        check: quietOnceFreed((event) => isStep(event, "update"), "user update"),
        faults: ["user-update-keeps-timer"],
      },
    ],
  },
  {
    id: "ownership.user-delete-frees",
    citations: START("on update and delete"),
    since: "5.15",
    scenarios: inHash.map((armed) => afterArming(armed, [userDelete(armed.key), advance(armed.delay + GRID_NS)])),
    clauses: [
      {
        name: "quiet",
        words: "A delete of an element by user space cancels and frees its timer: it does not fire.",
        check: quietOnceFreed((event) => isStep(event, "delete"), "user delete"),
        faults: ["user-delete-keeps-timer"],
      },
    ],
  },
  {
    id: "ownership.program-update-frees",
    citations: START("on update and delete"),
    since: "5.15",
    scenarios: oneTimer().map((armed) =>
      afterArming(armed, [run(1), advance(armed.delay + GRID_NS)], [program([updateElement(0, armed.key)])]),
    ),
    clauses: [
      {
        name: "quiet",
        words: "bpf_map_update_elem cancels and frees the timer of the element: it does not fire.",
        check: quietOnceFreed((event) => isProgramCall(event, "update"), "program update"),
        faults: ["program-update-keeps-timer"],
      },
    ],
  },
  {
    id: "ownership.program-delete-frees",
    citations: START("on update and delete"),
    since: "5.15",
    scenarios: inHash.map((armed) =>
      afterArming(armed, [run(1), advance(armed.delay + GRID_NS)], [program([deleteElement(0, armed.key)])]),
    ),
    clauses: [
      {
        name: "quiet",
        words: "bpf_map_delete_elem cancels and frees the timer of the element: it does not fire.",
        check: quietOnceFreed((event) => isProgramCall(event, "delete"), "program delete"),
        faults: ["program-delete-keeps-timer"],
      },
    ],
  },
  {
    id: "ownership.lru-eviction-frees",
    citations: [{ document: "linux/kernel/bpf/hashtab.c", place: "htab_lru_map_delete_node, check_and_free_fields" }],
    since: "5.15",
    undocumented: true,
    scenarios: evictions,
    clauses: [
      {
        name: "keeps",
        words: "An LRU map that evicts an element to make room cancels and frees its timer: it does not fire.",
        check: quietOnceEvicted,
        faults: ["eviction-keeps-timer"],
      },
    ],
  },
  {
    id: "ownership.program-close-keeps",
    citations: [...START("on the owner"), PENDING],
    since: "5.15",
    scenarios: oneTimer().map((armed) => afterArming(armed, [closeProgram(), advance(armed.delay + GRID_NS)])),
    clauses: [
      {
        name: "keeps",
        words: "It is the map that owns a timer: closing the program whose callback it is to call cancels nothing.",
        check: firesWithProgramClosed,
        faults: ["closed-program-never-runs"],
      },
    ],
  },
  {
    id: "ownership.user-reads-zero",
    citations: [{ document: "linux/kernel/bpf/syscall.c", place: "bpf_map_copy_value, check_and_init_map_value" }],
    since: "5.15",
    undocumented: true,
    scenarios: fc.record({ timer: oneTimer(), armed: fc.boolean() }).map(({ timer, armed }) => {
      const prepares = armed ? readyTimer(timer, [start(timer.delay)]) : onTimer(timer, [init(0, timer.clock)], []);
      return timerScenario(timer, [prepares], [run(), userLookup(timer.key)]);
    }),
    clauses: [
      {
        name: "keeps",
        words: "User space that looks an element up reads zeros where its timer lies, armed or not.",
        check: readsZero,
        faults: ["user-reads-timer"],
      },
    ],
  },
  {
    id: "ownership.user-write-ignored",
    citations: [
      { document: "linux/kernel/bpf/arraymap.c", place: "array_map_update_elem, copy_map_value" },
      { document: "linux/kernel/bpf/hashtab.c", place: "alloc_htab_elem, copy_map_value" },
    ],
    since: "5.15",
    undocumented: true,
    scenarios: fc
      .record({
        timer: oneTimer(),
        fill: fc.integer({ min: 1, max: 255 }),
        payload: fc.nat({ max: 255 }),
        again: fc.boolean(),
      })
      .map(({ timer, fill, payload, again }) => {
        const written = userUpdate(timer.key, payload, fill);
        const programs = [onTimer(timer, [init(0, timer.clock)], [])];
        return timerScenario(timer, programs, [...(again ? [run()] : []), written, run()]);
      }),
    clauses: [
      {
        name: "returns",
        words:
          "What user space writes where a timer lies does not become the timer: whatever the bytes were, the timer is uninitialized, and bpf_timer_init returns 0.",
        check: callsReturn("timer-init", 0, (call, reading) => {
          const written = reading
            .before(call.event)
            .some((each) => isStep(each, "update") && each.step.fill !== 0 && isSameElement(each, call.event));
          return written && isUnopposed(call);
        }),
        faults: ["user-write-becomes-timer"],
      },
    ],
  },
  {
    id: "ownership.array-delete-refused",
    citations: [{ document: "linux/kernel/bpf/arraymap.c", place: "array_map_delete_elem" }],
    since: "5.15",
    undocumented: true,
    scenarios: deleteInArray,
    clauses: [
      {
        name: "returns",
        words: "A delete of an array's element, by user space or by a program, returns -EINVAL.",
        check: refusesArrayDelete,
        faults: ["array-delete-frees-timer"],
      },
      {
        name: "fires",
        words: "It leaves the element's timer as it is: the timer fires when it is due.",
        check: firesOnTime((record, reading) =>
          happenedMeanwhile(
            reading,
            record,
            (event) => isArrayDelete(event, reading.scenario) && isSameElement(event, record.call),
          ),
        ),
        faults: ["array-delete-frees-timer"],
      },
    ],
  },
  {
    id: "ownership.user-lookup-keeps",
    citations: [{ document: "linux/kernel/bpf/syscall.c", place: "bpf_map_copy_value" }],
    since: "5.15",
    undocumented: true,
    scenarios: fc
      .record({ armed: oneTimer(), lookups: fc.integer({ min: 1, max: 3 }) })
      .map(({ armed, lookups }) =>
        afterArming(armed, [
          ...Array.from({ length: lookups }, () => userLookup(armed.key)),
          advance(armed.delay + GRID_NS),
        ]),
      ),
    clauses: [
      {
        name: "fires",
        words: "Looking an element up from user space leaves its timer as it is: it fires when it is due.",
        check: firesOnTime((record, reading) =>
          happenedMeanwhile(reading, record, (event) => isStep(event, "lookup") && isSameElement(event, record.call)),
        ),
        faults: ["user-lookup-cancels"],
      },
    ],
  },
] satisfies Guarantee[];
