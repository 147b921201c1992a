/** What is promised of a map's ownership of its timers: what holds it, what takes an element away, what user space sees. */
import fc from "fast-check";
import { ERRNO, formatResult } from "../../bpf/errno.ts";
import { BPF_ANY, BPF_EXIST, BPF_F_LOCK, BPF_F_NO_PREALLOC, BPF_TIMER_BYTES } from "../../bpf/uapi.ts";
import { timerClock } from "../../generators/clock.ts";
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
import type { MapSpec, Operation, Scenario, StepKind } from "../../scenario/scenario.ts";
import { GRID_NS, RELEASE_NS } from "../../scenario/time.ts";
import { fieldOffset } from "../../scenario/value-layout.ts";
import { type ArmingRecord, isRelative, overdueNs } from "../checks/armings.ts";
import { callsReturn, isOwn, isReady, isUnopposed } from "../checks/calls.ts";
import { type Applies, firesOnTime, quietOnceFreed } from "../checks/firing-time.ts";
import { isDone, isSameElement, isStep, mapOf, stepMeanwhile } from "../checks/looking-back.ts";
import { firesWithProgramClosed } from "../checks/program-life.ts";
import type { Reading } from "../checks/reading.ts";
import type { UserReferences } from "../checks/timer-state.ts";
import { type Check, type Clause, type Guarantee, UNTOUCHED, type Violation } from "../guarantee.ts";

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
function cancelledBy(last: StepKind): Check {
  return (reading, clock) => {
    if (reading.steps(last).length === 0) return UNTOUCHED;
    const violations = reading.firings.flatMap(({ event, timer }): Violation[] => {
      const freed = timer?.freedWithMap;
      if (freed?.step.step.kind !== last || event.timeNs <= freed.settledNs) return [];
      const expected = `no callback of the map runs after step ${freed.step.at} (${last})`;
      const observed = `one ran ${event.timeNs - freed.step.outcome.timeNs} ns after it`;
      return [{ at: event.at, expected, observed, subject: last, event }];
    });
    const freed = reading.armings.records.filter(
      (record) =>
        record.end === "freed" &&
        record.endEvent?.kind === "step" &&
        record.endEvent.step.kind === last &&
        overdueNs(record, reading, clock) > 0,
    );
    return { exercised: freed.length, violations };
  };
}

/** Whether a start's map lost its descriptor by a step of this kind before the timer fired, and a pin alone held it. */
const losesDescriptor =
  (kind: "close-map" | "exit-process"): Applies =>
  (record, reading) => {
    const map = mapOf(record.call);
    return (
      isRelative(record) &&
      stepMeanwhile(
        reading,
        record,
        kind,
        ({ event: { step }, references }) =>
          (step.kind === "exit-process" || step.map === map) &&
          references[map]?.descriptor === true &&
          references[map].pinned,
      )
    );
  };

/** Whether a callback that restarts its own timer does so while a pin alone holds the map. */
const isWhilePinned = (references: UserReferences | undefined): boolean =>
  references?.pinned === true && !references.descriptor;

/** A timer in a map whose elements can be deleted. */
const inHash = oneTimer().filter(({ map }) => map.type !== "array");

/** Whether a program, or a callback of another timer, updated or deleted an element. */
const isProgramCall =
  (kind: "update" | "delete") =>
  (event: HistoryEvent, reading: Reading): boolean =>
    isDone(event, kind) && !reading.calls(kind).some((call) => call.event === event && call.own !== undefined);

/** An armed timer whose element is changed by a program, or by the callback of another timer. */
const changedByProgram = (armed: fc.Arbitrary<OneTimer>, change: (key: number) => Operation) =>
  fc.record({ timer: armed, byCallback: fc.boolean() }).map(({ timer, byCallback }) => {
    if (!byCallback)
      return afterArming(timer, [run(1), advance(timer.delay + GRID_NS)], [program([change(timer.key)])]);
    const map = { ...timer.map, maxEntries: 2 };
    const [first, second] = [
      { ...timer, map, key: 0 },
      { ...timer, map, key: 1 },
    ];
    const programs = [
      readyTimer(second, [start(timer.delay + 2 * GRID_NS)]),
      readyTimer(first, [start(timer.delay)], [callback([change(1)])]),
    ];
    return timerScenario(first, programs, [run(0), run(1), advance(timer.delay + 3 * GRID_NS)]);
  });

/**
 * A timer, and flags for an update of its element: with or without saying that it is there. Making room for the new
 * value, an LRU map may evict the very element, which is then not there any more.
 */
const toUpdate = fc
  .record({ timer: oneTimer(), flags: fc.constantFrom(BPF_ANY, BPF_EXIST) })
  .map(({ timer, flags }) => ({ timer, flags: timer.map.type === "lru-hash" ? BPF_ANY : flags }));

/** Whether the descriptor that holds a map was opened from its pin. */
function isReopened(reading: Reading, map: number, event: HistoryEvent): boolean {
  const last = (kind: "create-map" | "open-pin"): number =>
    reading
      .steps(kind)
      .findLast((each) => each.event.step.map === map && each.event.outcome.result >= 0 && each.event.at < event.at)
      ?.event.at ?? -1;
  if (reading.steps("open-pin").length === 0) return false;
  const openedAt = last("open-pin");
  return openedAt >= 0 && openedAt > last("create-map");
}

/** An armed timer of an array's element whose delete is refused, to a program and to user space. */
const deleteInArray = oneTimer()
  .map((timer): OneTimer => ({ ...timer, map: { ...timer.map, type: "array", flags: 0 } }))
  .map((timer) =>
    afterArming(
      timer,
      [run(1), userDelete(timer.key), advance(timer.delay + GRID_NS)],
      [program([deleteElement(0, timer.key)])],
    ),
  );

const isInArray = ({ maps }: Scenario, map: number | null | undefined): boolean =>
  map != null && maps[map]?.type === "array";

/** A delete of an array's element by user space is refused. */
const refusesUserDelete: Check = (reading) => {
  const deletes = reading
    .steps("delete")
    .filter(
      ({ event: { step }, references }) =>
        isInArray(reading.scenario, step.map) && references[step.map]?.descriptor === true,
    );
  const violations = deletes
    .filter(({ event }) => event.outcome.result !== -ERRNO.EINVAL)
    .map(({ event }) => ({
      at: event.at,
      expected: "the delete of an array's element returns -EINVAL",
      observed: `it returned ${formatResult(event.outcome.result)}`,
      subject: formatResult(event.outcome.result),
      event,
    }));
  return { exercised: deletes.length, violations };
};

/** Whether something tried to delete a start's element, in an array, before it ended. */
const isArrayDeleteTried: Applies = (record, reading) => {
  const { call, endEvent } = record;
  if (reading.steps("delete").length + reading.calls("delete").length === 0) return false;
  if (!isRelative(record) || !isInArray(reading.scenario, call.element?.map)) return false;
  const until = endEvent === null ? Number.POSITIVE_INFINITY : reading.placeOf(endEvent);
  return [...reading.steps("delete"), ...reading.calls("delete")].some(({ event }) => {
    const place = reading.placeOf(event);
    return place > reading.placeOf(call) && place < until && isSameElement(event, call);
  });
};

/**
 * An LRU map full of armed timers, into which user space or a program inserts more elements; then user space looks for
 * each of the first.
 */
const evictions = fc
  .record({
    timer: oneTimer(),
    elements: fc.integer({ min: 1, max: 3 }),
    more: fc.integer({ min: 1, max: 4 }),
    byProgram: fc.boolean(),
  })
  .map(({ timer: { map, clock, delay }, elements, more, byProgram }) => {
    const keys = Array.from({ length: elements }, (_, key) => key);
    const operations = keys.flatMap((key) => [lookup(0, key), init(0, clock), setCallback(0), start(delay)]);
    const others = Array.from({ length: more }, (_, index) => elements + index);
    const inserts = byProgram ? [program(others.map((key) => updateElement(0, key)))] : [];
    return scenario(
      [{ ...map, type: "lru-hash", flags: 0, maxEntries: elements }],
      [program(operations, [callback()]), ...inserts],
      [
        run(),
        ...(byProgram ? [run(1)] : others.map((key) => userUpdate(key))),
        ...keys.map((key) => userLookup(key)),
        advance(delay + GRID_NS),
      ],
    );
  });

interface Evicted {
  record: ArmingRecord;
  /** The lookup that did not find the element of an armed timer any more. */
  miss: StepEvent;
}

/** The starts whose element user space found evicted while they were armed. */
const evictedOf = (reading: Reading): Evicted[] =>
  reading
    .steps("lookup")
    .filter(
      ({ event: { step, outcome } }) =>
        outcome.result === -ERRNO.ENOENT && reading.scenario.maps[step.map]?.type === "lru-hash",
    )
    .flatMap(({ event: miss }) =>
      reading.armings.records
        .filter(
          ({ call, endEvent }) =>
            isSameElement(miss, call) &&
            call.at < miss.at &&
            (endEvent === null || reading.placeOf(miss) < reading.placeOf(endEvent)),
        )
        .map((record) => ({ record, miss })),
    );

/**
 * No armed timer fires once user space has found its element evicted. An element that takes the evicted one's place
 * has a timer of its own, which nobody started.
 */
const quietOnceEvicted: Check = (reading, clock) => {
  const evicted = evictedOf(reading);
  if (evicted.length === 0) return UNTOUCHED;
  const misfires = [
    ...evicted.flatMap(({ record, miss }) =>
      record.endEvent?.kind === "firing" ? [{ event: record.endEvent, miss }] : [],
    ),
    ...reading.armings.unaccounted.flatMap(({ event }) => {
      const cause = evicted.find(
        ({ record, miss }) => miss.at <= event.at && record.call.element?.map === event.element.map,
      );
      return cause === undefined ? [] : [{ event, miss: cause.miss }];
    }),
  ];
  const violations = misfires.map(({ event, miss }) => ({
    at: event.at,
    expected: `the timer of the element that step ${miss.at} found evicted does not fire`,
    observed: `a callback ran for key ${event.element.key}`,
    subject: "evicted",
    event,
  }));
  return { exercised: evicted.filter(({ record }) => overdueNs(record, reading, clock) > 0).length, violations };
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

const LOCKED_VALUE: MapSpec["value"] = {
  size: 24,
  fields: [
    { kind: "spin-lock", offset: 0 },
    { kind: "timer", offset: 8 },
  ],
};

/** Armed timers beside locks, one in an array and one in a hash; both elements are then updated with BPF_F_LOCK. */
const updatedUnderLock = (by: "user" | "program") =>
  fc.record({ delay: delayNs(), clock: timerClock, flags: fc.constantFrom(0, BPF_F_NO_PREALLOC) }).map((drawn) => {
    const { delay, clock, flags } = drawn;
    const map = { maxEntries: 1, btf: true, value: LOCKED_VALUE };
    const maps: MapSpec[] = [
      { ...map, type: "array", flags: 0 },
      { ...map, type: "hash", flags },
    ];
    const arms = [0, 1].flatMap((index) => [
      lookup(index, 0, index),
      init(index, clock, index),
      setCallback(0, index),
      start(delay, 0, index),
    ]);
    const updates = program([0, 1].map((index) => updateElement(index, 0, BPF_F_LOCK)));
    const steps = by === "program" ? [run(1)] : [0, 1].map((index) => userUpdate(0, 0, 0, index, BPF_F_LOCK));
    return scenario(
      maps,
      [program(arms, [callback()]), ...(by === "program" ? [updates] : [])],
      [run(), ...steps, advance(delay + GRID_NS)],
    );
  });

/** The two clauses of a locked update: by user space, or by programs. */
const lockedUpdateClauses = (by: "user" | "program"): [Clause, Clause] => {
  const isLockedUpdate =
    (type: MapSpec["type"]) =>
    (event: HistoryEvent, { scenario: { maps } }: Reading): boolean => {
      const isOf = by === "user" ? event.kind === "step" : event.kind === "call";
      const action = isStep(event, "update") ? event.step : isDone(event, "update") ? event.operation : undefined;
      return isOf && action !== undefined && (action.flags & BPF_F_LOCK) !== 0 && maps[action.map]?.type === type;
    };
  const update = by === "user" ? "An update by user space" : "bpf_map_update_elem";
  return [
    {
      name: "array",
      words: `${update} with BPF_F_LOCK cancels and frees the timer of an array's element, as without: it does not fire.`,
      check: quietOnceFreed(isLockedUpdate("array"), "locked update"),
      faults: ["locked-update-of-array-keeps-timer"],
    },
    {
      name: "hash",
      words: "So it does with the timer of a hash's element.",
      check: quietOnceFreed(isLockedUpdate("hash"), "locked update", "all"),
      faults: ["locked-update-of-hash-delays-timer"],
    },
  ];
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
          "When the last descriptor of a map that is not pinned is closed, every timer in it is cancelled: none fires afterwards.",
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
          "When a map that only its pin kept is unpinned, every timer in it is cancelled: none fires once the kernel has released the pin.",
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
        name: "fires",
        words:
          "A pin holds a map as a descriptor does: a timer in a pinned map fires when it is due, though the last descriptor was closed before.",
        check: firesOnTime(losesDescriptor("close-map")),
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
          "When the process that holds the only descriptor of a map exits, every timer in the map is cancelled: none fires afterwards.",
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
        words:
          "A timer in a pinned map fires when it is due, though the process that held the map's only descriptor has exited.",
        check: firesOnTime(losesDescriptor("exit-process")),
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
          return isReopened(reading, operation.map, event) && held?.pinned === false && isUnopposed(call);
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
        name: "returns",
        words:
          "In a pinned map that no descriptor holds, bpf_timer_start returns 0 for a callback that starts its own timer again.",
        check: callsReturn(
          "timer-start",
          0,
          (call) => isReady(call) && isOwn(call) && isWhilePinned(call.references[mapOf(call.event)]),
        ),
        faults: ["rearm-takes-descriptor"],
      },
      {
        name: "fires",
        words: "The timer then fires again when that start says, each time.",
        check: firesOnTime((record) => isRelative(record) && record.own && isWhilePinned(record.madeUnder)),
        faults: ["rearm-ignored"],
      },
    ],
  },
  {
    id: "ownership.user-update-frees",
    citations: START("on update and delete"),
    since: "5.15",
    scenarios: toUpdate.map(({ timer, flags }) =>
      afterArming(timer, [
        { kind: "update", map: 0, key: timer.key, payload: 0, fill: 0, flags },
        advance(timer.delay + GRID_NS),
      ]),
    ),
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
    id: "ownership.locked-update-frees",
    citations: START("on update and delete"),
    since: "5.15",
    scenarios: updatedUnderLock("user"),
    clauses: lockedUpdateClauses("user"),
  },
  {
    id: "ownership.program-locked-update-frees",
    citations: START("on update and delete"),
    since: "5.15",
    scenarios: updatedUnderLock("program"),
    clauses: lockedUpdateClauses("program"),
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
    scenarios: toUpdate.chain(({ timer, flags }) =>
      changedByProgram(fc.constant(timer), (key): Operation => ({ kind: "update", map: 0, key, flags })),
    ),
    clauses: [
      {
        name: "quiet",
        words:
          "bpf_map_update_elem, by a program or by the callback of another timer, cancels and frees the timer of the element: it does not fire.",
        check: quietOnceFreed(isProgramCall("update"), "program update"),
        faults: ["program-update-keeps-timer"],
      },
    ],
  },
  {
    id: "ownership.program-delete-frees",
    citations: START("on update and delete"),
    since: "5.15",
    scenarios: changedByProgram(inHash, (key) => deleteElement(0, key)),
    clauses: [
      {
        name: "quiet",
        words:
          "bpf_map_delete_elem, by a program or by the callback of another timer, cancels and frees the timer of the element: it does not fire.",
        check: quietOnceFreed(isProgramCall("delete"), "program delete"),
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
        name: "quiet",
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
        name: "fires",
        words:
          "It is the map that owns a timer: it fires when it is due, though user space closed the program whose callback it is to call.",
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
        name: "zeros",
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
        check: callsReturn(
          "timer-init",
          0,
          (call, reading) =>
            reading
              .steps("update")
              .some(
                ({ event }) =>
                  event.step.fill !== 0 &&
                  event.outcome.result >= 0 &&
                  event.at < call.event.at &&
                  isSameElement(event, call.event),
              ) && isUnopposed(call),
        ),
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
        name: "user",
        words: "A delete of an array's element by user space returns -EINVAL,",
        check: refusesUserDelete,
        faults: ["array-delete-by-user-allowed"],
      },
      {
        name: "program",
        words: "and so does one by a program.",
        check: callsReturn("delete", -ERRNO.EINVAL, ({ event }, { scenario }) =>
          isInArray(scenario, event.element?.map),
        ),
        faults: ["array-delete-by-program-allowed"],
      },
      {
        name: "fires",
        words: "The element's timer stays as it is: it fires when it is due.",
        check: firesOnTime(isArrayDeleteTried),
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
        check: firesOnTime(
          (record, reading) =>
            isRelative(record) &&
            stepMeanwhile(reading, record, "lookup", ({ event }) => isSameElement(event, record.call)),
        ),
        faults: ["user-lookup-cancels"],
      },
    ],
  },
] satisfies Guarantee[];
