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
import type { MapSpec } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { isCapable } from "../checks/capability.ts";
import { hasProgram, isProgramHeld, isProgramPinned, wasLoaded } from "../checks/looking-back.ts";
import { isPlainMap } from "../checks/plain-maps.ts";
import { isPlainProgram, namedMaps, PLAIN_PROGRAM_TYPES } from "../checks/plain-programs.ts";
import { stepsGive } from "../checks/plumbing.ts";
import type { Reading } from "../checks/reading.ts";
import type { UserReferences } from "../checks/timer-state.ts";
import { type Check, type Guarantee, UNTOUCHED, type Violation } from "../guarantee.ts";

const SYSCALL = (place: string) => [{ document: "linux/kernel/bpf/syscall.c", place }] as const;

const holdsMaps = (reading: Reading, program: number, references: readonly UserReferences[]): boolean =>
  namedMaps(reading)[program]?.every((map) => references[map]?.descriptor === true) === true;

/** No program loads that names a map which the process does not hold. */
const loadsOnlyWithMaps: Check = (reading) => {
  const loads = reading
    .steps("load-program")
    .filter(({ event, references }) => !holdsMaps(reading, event.step.program, references));
  if (loads.length === 0) return UNTOUCHED;
  const violations = loads
    .filter(({ event }) => event.outcome.result === 0)
    .map(
      ({ event }): Violation => ({
        at: event.at,
        expected: "a program is refused that names a map of which the process holds no descriptor",
        observed: "it loaded",
        subject: "loaded",
        event,
      }),
    );
  return { exercised: loads.length, violations };
};

/** A run returns 0, as all these programs do, whatever happens in them. */
const returnsZero: Check = (reading) => {
  const runs = reading.steps("run").filter(({ event }) => event.outcome.result === 0);
  if (runs.length === 0) return UNTOUCHED;
  const judged = runs.filter(({ event }) =>
    PLAIN_PROGRAM_TYPES.has(reading.scenario.programs[event.step.program]?.type ?? "ext"),
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

const DONE = 0;

/** What a step on a map's pin gives. */
const whilePinned = ({ references }: { references: readonly UserReferences[] }, { map }: { map: number }): number =>
  references[map]?.pinned === true ? DONE : -ERRNO.ENOENT;

export default [
  {
    id: "plumbing.maps-create",
    clauses: [
      {
        name: "created",
        words:
          "A map whose flags are of its type can be created: of numbers, and in arrays, hash and LRU hash maps also of a timer, in arrays and hash maps also of a lock; and an outer map for such maps without a lock.",
        check: stepsGive(["create-map"], ({ event, references }, { map }, reading) =>
          isPlainMap(reading.scenario.maps[map] as MapSpec, reading.scenario, references) && isCapable(reading, event)
            ? DONE
            : undefined,
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
          "A program loads that looks elements up, reads and writes their numbers, takes and gives back their locks and calls timer helpers with their timers as every page allows, in callbacks that return 0 too, where the process holds the maps that it names.",
        check: stepsGive(["load-program"], ({ references, event }, { program: index }, reading) => {
          const { scenario } = reading;
          const spec = scenario.programs[index];
          if (spec === undefined || !holdsMaps(reading, index, references) || !isCapable(reading, event))
            return undefined;
          return isPlainProgram(spec, scenario) ? DONE : undefined;
        }),
        faults: ["load-fails"],
      },
      {
        name: "refused",
        words: "A program that names a map of which the process holds no descriptor is refused.",
        check: loadsOnlyWithMaps,
        faults: ["load-without-map"],
      },
    ],
    citations: SYSCALL("bpf_prog_load"),
    since: "5.15",
    undocumented: true,
    scenarios: oneTimer()
      .filter(({ map }) => map.flags === 0)
      .map((timer) => {
        const made = timerScenario(timer, [readyTimer(timer, [start(timer.delay)])], []);
        return { ...made, steps: [...made.steps, closeMap(), { kind: "load-program", program: 0 } as const] };
      }),
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
          if (type === undefined || !PLAIN_PROGRAM_TYPES.has(type) || cpu !== undefined) return undefined;
          return hasProgram(reading, index, event) ? DONE : -ERRNO.EBADF;
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
        check: stepsGive(["open-pin"], whilePinned),
        faults: ["open-pin-fails"],
      },
      {
        name: "unpin",
        words: "A pin can be removed, and one that is not there gives -ENOENT.",
        check: stepsGive(["unpin-map"], whilePinned),
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
          hasProgram(reading, index, event) ? DONE : -ERRNO.EBADF,
        ),
        faults: ["close-program-fails"],
      },
      {
        name: "pin",
        words:
          "A program that the process holds can be pinned once: -EEXIST the second time, and -EBADF without a descriptor.",
        check: stepsGive(["pin-program"], ({ event }, { program: index }, reading) => {
          if (!hasProgram(reading, index, event)) return -ERRNO.EBADF;
          return isProgramPinned(reading, index, event) ? -ERRNO.EEXIST : DONE;
        }),
        faults: ["pin-program-fails"],
      },
      {
        name: "open",
        words:
          "A program that is pinned can be opened from its pin and the pin be removed; one that is not gives -ENOENT.",
        check: stepsGive(["open-program-pin", "unpin-program"], ({ event }, { program: index }, reading) =>
          isProgramPinned(reading, index, event) ? DONE : -ERRNO.ENOENT,
        ),
        faults: ["open-program-pin-fails"],
      },
      {
        name: "found",
        words:
          "A program that user space holds by a descriptor or by a pin can be found by its id; asking for another gives 0 or -ENOENT, and -ENOENT where none was loaded.",
        check: stepsGive(["find-program"], ({ event }, { program: index }, reading) => {
          if (isProgramHeld(reading, index, event)) return DONE;
          return wasLoaded(reading, index, event) ? [DONE, -ERRNO.ENOENT] : -ERRNO.ENOENT;
        }),
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
