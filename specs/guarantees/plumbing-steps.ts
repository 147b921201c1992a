/** What nobody promises of timers, and every promise stands on: maps, programs, pins and processes do what they are told. */
import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import { oneTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import {
  advance,
  callback,
  closeMap,
  closeProgram,
  exitProcess,
  findProgram,
  init,
  lookup,
  openPin,
  pinMap,
  program,
  run,
  setCallback,
  start,
  unpinMap,
} from "../../scenario/build.ts";
import { lookupBefore } from "../../scenario/elements.ts";
import type { MapSpec, Operation, ProgramSpec, Scenario } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { isProgramHeld } from "../checks/looking-back.ts";
import { stepsGive } from "../checks/plumbing.ts";
import type { Reading } from "../checks/reading.ts";
import { type Check, type Guarantee, UNTOUCHED, type Violation } from "../guarantee.ts";

const SYSCALL = (place: string) => [{ document: "linux/kernel/bpf/syscall.c", place }] as const;

const MAP_TYPES: ReadonlySet<MapSpec["type"]> = new Set(["array", "hash", "lru-hash"]);

/** Whether nothing stands against a map: a plain type, no flags, at most one timer in its value and otherwise numbers. */
function isPlainMap({ type, flags, btf, value }: MapSpec): boolean {
  if (!MAP_TYPES.has(type) || flags !== 0 || !btf) return false;
  let timers = 0;
  for (const { kind, inside } of value.fields) {
    if (inside !== undefined || (kind !== "u64" && kind !== "timer")) return false;
    if (kind === "timer") timers++;
  }
  return timers <= 1;
}

/** Program types that every kernel with BPF timers loads, runs and lets use them. */
const PROGRAM_TYPES: ReadonlySet<ProgramSpec["type"]> = new Set([
  "sched-cls",
  "sched-act",
  "socket-filter",
  "xdp",
  "cgroup-skb",
]);

const PLAIN: ReadonlySet<Operation["kind"]> = new Set([
  "lookup",
  "update",
  "delete",
  "timer-init",
  "timer-set-callback",
  "timer-start",
  "timer-cancel",
]);

/** Whether an operation is one that every verifier takes: on the timer of an element that was looked up in the map that is named. */
function isPlainOperation(operations: readonly Operation[], at: number, { maps }: Scenario): boolean {
  const operation = operations[at] as Operation;
  if (!PLAIN.has(operation.kind)) return false;
  if ("map" in operation && !isPlainMap(maps[operation.map] as MapSpec)) return false;
  if (!("element" in operation) || operation.element === "self") return !("element" in operation);
  const found = lookupBefore(operations, at, operation.element);
  const map = found?.kind === "lookup" ? maps[found.map] : undefined;
  if (map === undefined || !map.value.fields.some(({ kind }) => kind === "timer")) return false;
  if (operation.kind === "timer-init")
    return (
      found?.kind === "lookup" &&
      found.map === operation.map &&
      isDirect(operation) &&
      operation.innerMapOf === undefined
    );
  return operation.kind.startsWith("timer-") && isDirect(operation as Extract<Operation, { offsetDelta?: unknown }>);
}

const isDirect = ({
  offsetDelta = 0,
  variableOffset = false,
}: {
  offsetDelta?: number | undefined;
  variableOffset?: boolean | undefined;
}) => offsetDelta === 0 && !variableOffset;

/** Whether nothing that is known stands against a program: plain operations, and callbacks that do nothing and return 0. */
function isPlainProgram({ type, operations, callbacks }: ProgramSpec, scenario: Scenario): boolean {
  return (
    PROGRAM_TYPES.has(type) &&
    operations.every((_, at) => isPlainOperation(operations, at, scenario)) &&
    operations.every((operation) => operation.kind !== "timer-start" || operation.fromNow === undefined) &&
    callbacks.every((each) => each.operations.length === 0 && each.returns === 0 && each.mayReturn === undefined)
  );
}

const mapsOf = ({ operations }: ProgramSpec): number[] =>
  operations.flatMap((each) => ("map" in each ? [each.map] : []));

/** Whether the process has lost a capability by now. */
function isCapable(reading: Reading, at: number): boolean {
  const last = (kind: "drop-capability" | "exit-process"): number =>
    reading.steps(kind).findLast(({ event }) => event.at < at)?.event.at ?? -1;
  return last("drop-capability") <= last("exit-process");
}

/** What gives the process a descriptor of a program, and what takes it. */
const TAKES_PROGRAM = ["load-program", "open-program-pin"] as const;
const LOSES_PROGRAM = ["close-program", "exit-process"] as const;

/** Whether a step that uses a program finds a descriptor of it, and the program loaded. */
function hasProgram(reading: Reading, program: number, at: number): boolean {
  let got = -1;
  for (const kind of TAKES_PROGRAM)
    for (const { event } of reading.steps(kind))
      if (event.at < at && event.step.program === program && event.outcome.result === 0) got = Math.max(got, event.at);
  if (got < 0) return false;
  for (const kind of LOSES_PROGRAM)
    for (const { event } of reading.steps(kind)) {
      const isOther = event.step.kind === "close-program" && event.step.program !== program;
      if (event.at < at && event.at > got && !isOther) return false;
    }
  return true;
}

/** A run returns 0, as all these programs do, whatever happens in them. */
const returnsZero: Check = (reading) => {
  const runs = reading.steps("run").filter(({ event }) => event.outcome.result === 0);
  if (runs.length === 0) return UNTOUCHED;
  const judged = runs.filter(({ event }) =>
    PROGRAM_TYPES.has(reading.scenario.programs[event.step.program]?.type ?? "ext"),
  );
  const violations = judged
    .filter(({ event }) => event.outcome.returnValue !== 0)
    .map(
      ({ event }): Violation => ({
        at: event.at,
        expected: "the program returns 0",
        observed: `it returned ${event.outcome.returnValue ?? "nothing"}`,
        subject: "return value",
        event,
      }),
    );
  return { exercised: judged.length, violations };
};

/** Time passes: an advance lasts as long as it should, and no step ends before the one before it. */
const timePasses: Check = ({ moments, trace }) => {
  const violations: Violation[] = [];
  let exercised = 0;
  for (const { event } of moments) {
    if (event.kind !== "step" || event.at === 0) continue;
    exercised++;
    const before = trace.steps[event.at - 1]?.timeNs ?? 0;
    const leastNs = event.step.kind === "advance" && event.outcome.result === 0 ? event.step.ns : 0;
    const passedNs = event.outcome.timeNs - before;
    if (passedNs >= leastNs) continue;
    violations.push({
      at: event.at,
      expected: `${event.step.kind} takes ${leastNs} ns at least`,
      observed: `it took ${passedNs} ns`,
      subject: "time",
      event,
    });
  }
  return { exercised, violations };
};

const isPinned = (reading: Reading, program: number, at: number): boolean => {
  const last = (kind: "pin-program" | "unpin-program"): number =>
    reading
      .steps(kind)
      .findLast(({ event }) => event.at < at && event.step.program === program && event.outcome.result === 0)?.event
      .at ?? -1;
  return last("pin-program") > last("unpin-program");
};

const DONE = 0;

export default [
  {
    id: "plumbing.maps-create",
    clauses: [
      {
        name: "created",
        words: "An array, hash or LRU hash map of numbers and at most one timer, without flags, can be created.",
        check: stepsGive(["create-map"], ({ event }, { map }, reading) =>
          isPlainMap(reading.scenario.maps[map] as MapSpec) && isCapable(reading, event.at) ? DONE : undefined,
        ),
        faults: ["create-map-fails"],
      },
    ],
    citations: SYSCALL("map_create"),
    since: "5.15",
    undocumented: true,
    scenarios: oneTimer()
      .filter(({ map }) => map.flags === 0)
      .map((timer) => timerScenario(timer, [], [])),
  },
  {
    id: "plumbing.programs-load",
    clauses: [
      {
        name: "loaded",
        words:
          "A program that does with the timer of an element what every page allows loads, where the process holds the maps that it names.",
        check: stepsGive(["load-program"], ({ references, event }, { program: index }, reading) => {
          const { scenario } = reading;
          const spec = scenario.programs[index];
          if (spec === undefined || !isPlainProgram(spec, scenario) || !isCapable(reading, event.at)) return undefined;
          return mapsOf(spec).every((map) => references[map]?.descriptor === true) ? DONE : undefined;
        }),
        faults: ["load-fails"],
      },
    ],
    citations: SYSCALL("bpf_prog_load"),
    since: "5.15",
    undocumented: true,
    scenarios: oneTimer()
      .filter(({ map }) => map.flags === 0)
      .map((timer) => timerScenario(timer, [readyTimer(timer, [start(timer.delay)])], [])),
  },
  {
    id: "plumbing.runs",
    clauses: [
      {
        name: "done",
        words:
          "A test run of a program that the process holds is done; without a descriptor it is refused with -EBADF.",
        check: stepsGive(["run"], ({ event }, { program: index, cpu }, reading) => {
          const type = reading.scenario.programs[index]?.type;
          if (type === undefined || !PROGRAM_TYPES.has(type) || cpu !== undefined) return undefined;
          return hasProgram(reading, index, event.at) ? DONE : -ERRNO.EBADF;
        }),
        faults: ["run-fails"],
      },
      {
        name: "returns",
        words: "It returns what the program returns.",
        check: returnsZero,
        faults: ["run-returns-nonzero"],
      },
    ],
    citations: SYSCALL("bpf_prog_test_run"),
    since: "5.15",
    undocumented: true,
    scenarios: oneTimer().map((timer) =>
      timerScenario(timer, [readyTimer(timer, [start(timer.delay)])], [run(), run(), closeProgram(), run()]),
    ),
  },
  {
    id: "plumbing.time",
    clauses: [
      {
        name: "passes",
        words: "Letting time pass takes as long as was asked at least, and no step ends before the one before it.",
        check: timePasses,
        faults: ["advance-too-short"],
      },
      {
        name: "advance",
        words: "Letting time pass succeeds.",
        check: stepsGive(["advance"], () => DONE),
        faults: ["advance-fails"],
      },
    ],
    citations: [{ document: "linux/kernel/time/hrtimer.c", place: "hrtimer_nanosleep" }],
    since: "5.15",
    undocumented: true,
    scenarios: fc
      .record({ timer: oneTimer(), more: fc.integer({ min: 1, max: 3 }) })
      .map(({ timer, more }) =>
        timerScenario(
          timer,
          [readyTimer(timer, [start(timer.delay)])],
          [run(), ...Array.from({ length: more }, () => advance(timer.delay + GRID_NS))],
        ),
      ),
  },
  {
    id: "plumbing.descriptors",
    clauses: [
      {
        name: "close",
        words: "A descriptor that the process holds can be closed, and one that it does not hold gives -EBADF.",
        check: stepsGive(["close-map"], ({ references }, { map }) =>
          references[map]?.descriptor === true ? DONE : -ERRNO.EBADF,
        ),
        faults: ["close-fails"],
      },
      {
        name: "pin",
        words:
          "A map that the process holds can be pinned once: -EEXIST the second time, and -EBADF without a descriptor.",
        check: stepsGive(["pin-map"], ({ references }, { map }) => {
          const held = references[map];
          if (held?.descriptor !== true) return -ERRNO.EBADF;
          return held.pinned ? -ERRNO.EEXIST : DONE;
        }),
        faults: ["pin-fails"],
      },
      {
        name: "open",
        words: "A map that is pinned can be opened from its pin, and one that is not gives -ENOENT.",
        check: stepsGive(["open-pin"], ({ references }, { map }) =>
          references[map]?.pinned === true ? DONE : -ERRNO.ENOENT,
        ),
        faults: ["open-pin-fails"],
      },
      {
        name: "unpin",
        words: "A pin can be removed, and one that is not there gives -ENOENT.",
        check: stepsGive(["unpin-map"], ({ references }, { map }) =>
          references[map]?.pinned === true ? DONE : -ERRNO.ENOENT,
        ),
        faults: ["unpin-fails"],
      },
    ],
    citations: [{ document: "linux/kernel/bpf/inode.c", place: "bpf_obj_pin_user, bpf_obj_get_user" }],
    since: "5.15",
    undocumented: true,
    scenarios: oneTimer().map((timer) =>
      timerScenario(
        timer,
        [],
        [pinMap(), pinMap(), closeMap(), closeMap(), openPin(), unpinMap(), unpinMap(), openPin(), closeMap()],
      ),
    ),
  },
  {
    id: "plumbing.programs-held",
    clauses: [
      {
        name: "close",
        words: "A program that the process holds can be closed; without a descriptor that gives -EBADF.",
        check: stepsGive(["close-program"], ({ event }, { program: index }, reading) =>
          hasProgram(reading, index, event.at) ? DONE : -ERRNO.EBADF,
        ),
        faults: ["close-program-fails"],
      },
      {
        name: "pin",
        words:
          "A program that the process holds can be pinned once: -EEXIST the second time, and -EBADF without a descriptor.",
        check: stepsGive(["pin-program"], ({ event }, { program: index }, reading) => {
          if (!hasProgram(reading, index, event.at)) return -ERRNO.EBADF;
          return isPinned(reading, index, event.at) ? -ERRNO.EEXIST : DONE;
        }),
        faults: ["pin-program-fails"],
      },
      {
        name: "open",
        words:
          "A program that is pinned can be opened from its pin and the pin be removed; one that is not gives -ENOENT.",
        check: stepsGive(["open-program-pin", "unpin-program"], ({ event }, { program: index }, reading) =>
          isPinned(reading, index, event.at) ? DONE : -ERRNO.ENOENT,
        ),
        faults: ["open-program-pin-fails"],
      },
      {
        name: "found",
        words: "A program that user space holds by a descriptor or by a pin can be found by its id.",
        check: stepsGive(["find-program"], ({ event }, { program: index }, reading) =>
          isProgramHeld(reading, index, event) ? DONE : undefined,
        ),
        faults: ["held-program-not-found"],
      },
    ],
    citations: [{ document: "linux/kernel/bpf/inode.c", place: "bpf_obj_pin_user, bpf_obj_get_user" }],
    since: "5.15",
    undocumented: true,
    scenarios: oneTimer().map((timer) =>
      timerScenario(
        timer,
        [program([lookup(0, timer.key), init(0, timer.clock), setCallback(0)], [callback()])],
        [
          findProgram(),
          { kind: "pin-program", program: 0 },
          { kind: "pin-program", program: 0 },
          closeProgram(),
          closeProgram(),
          findProgram(),
          { kind: "open-program-pin", program: 0 },
          { kind: "unpin-program", program: 0 },
          { kind: "unpin-program", program: 0 },
        ],
      ),
    ),
  },
  {
    id: "plumbing.processes",
    clauses: [
      {
        name: "exit",
        words: "The process can end, and can give up a capability.",
        check: stepsGive(["exit-process", "drop-capability"], () => DONE),
        faults: ["exit-fails"],
      },
      {
        name: "nothing-left",
        words: "The process that follows holds no descriptors: what takes one gives -EBADF.",
        check: stepsGive(["close-map"], ({ references, event }, { map }, reading) =>
          reading.steps("exit-process").some((exit) => exit.event.at < event.at) &&
          references[map]?.descriptor === false
            ? -ERRNO.EBADF
            : undefined,
        ),
        faults: ["exit-keeps-descriptors"],
      },
    ],
    citations: [{ document: "linux/kernel/bpf/syscall.c", place: "bpf_map_release, bpf_prog_release" }],
    since: "5.15",
    undocumented: true,
    scenarios: oneTimer().map((timer) => timerScenario(timer, [], [exitProcess(), closeMap()])),
  },
] satisfies Guarantee[];
