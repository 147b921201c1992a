/** What nobody promised: observations that no document and no source settles, each with the reason. */
import { ERRNO } from "../bpf/errno.ts";
import { BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN } from "../bpf/uapi.ts";
import type { HistoryEvent } from "../scenario/history.ts";
import { isAtLeast, type KernelRelease } from "../scenario/release.ts";
import type { MapSpec, Operation, OperationKind, ProgramSpec, Scenario } from "../scenario/scenario.ts";
import { mayBeEvicted } from "./checks/firing-time.ts";
import { elementOf, isLockedUpdate, isProgramHeld, isSameElement } from "./checks/looking-back.ts";
import { hasField, timersIn } from "./checks/plain-maps.ts";
import { mapsNamedBy, PLAIN_PROGRAM_TYPES } from "./checks/plain-programs.ts";
import type { Reading } from "./checks/reading.ts";
import type { ClockBound } from "./guarantee.ts";

/** An observation of a true history that was made wrong. */
export interface Observation {
  /** What is wrong, as the audit calls it. */
  kind: string;
  /** The operation or the kind of step. */
  subject: string;
  /** The number that was observed, and the one that is said instead. */
  was?: number;
  now?: number;
  /** The history as it was, the event that was made wrong, and the record behind it. */
  reading: Reading;
  event: HistoryEvent | undefined;
  next: HistoryEvent | undefined;
  /** Whether the event was a recorded divergence: it was not what the documents promise. */
  isDivergence: boolean;
  linux: KernelRelease | undefined;
  clock: ClockBound;
}

export interface Unpromised {
  name: string;
  covers(observation: Observation): boolean;
  reason: string;
}

/** Whether a step that is refused is said to be refused for another cause. */
const isOtherCause = ({ kind, was = 0, now = 0 }: Observation): boolean => kind === "step result" && was < 0 && now < 0;

const isLost = ({ kind }: Observation): boolean => kind === "firing lost" || kind === "entry lost";

/** Whether two records were written at one moment: a firing and another, or a 0 ns start and the firing it caused. */
function isAtOnce({ event, next }: Observation): boolean {
  if (event === undefined || next?.kind !== "firing" || event.kind === "step" || event.timeNs !== next.timeNs)
    return false;
  return event.kind === "firing" || event.operation.kind === "timer-start";
}

/** Whether something else was done with a timer's element so soon after a firing that it need not have come. */
const isInTime = ({ event, reading, clock }: Observation): boolean =>
  event?.kind === "firing" &&
  reading.events.some(
    (other) =>
      other !== event &&
      other.kind === "call" &&
      isSameElement(other, event) &&
      other.timeNs >= event.timeNs &&
      other.timeNs <= event.timeNs + clock.latenessNs,
  );

/** The program that a step loads. */
const loadedBy = ({ event, reading }: Observation): ProgramSpec | undefined =>
  event?.kind === "step" && event.step.kind === "load-program"
    ? reading.scenario.programs[event.step.program]
    : undefined;

const operationsOf = ({ operations, callbacks }: ProgramSpec): Operation[] =>
  [operations, ...callbacks.map((each) => each.operations)].flat();

const KFUNCS: ReadonlySet<OperationKind> = new Set(["timer-cancel-async", "irq-save", "irq-restore"]);
const callsKfuncs = (program: ProgramSpec | undefined): boolean =>
  program !== undefined && operationsOf(program).some(({ kind }) => KFUNCS.has(kind));

const locksItsOwn = (program: ProgramSpec | undefined): boolean =>
  program !== undefined && operationsOf(program).some((each) => each.kind === "spin-lock" && each.element === "self");

const isWrapped = ({ value }: MapSpec): boolean => value.fields.some(({ inside }) => inside !== undefined);
const hasLock = (map: MapSpec): boolean => hasField(map, "spin-lock");
const usesMaps = (program: ProgramSpec | undefined, { maps }: Scenario, such: (map: MapSpec) => boolean): boolean =>
  program !== undefined && mapsNamedBy(program).some((map) => maps[map] !== undefined && such(maps[map]));

/** What is given for an element that is there, and for one that is not. */
const EITHER: ReadonlySet<number | undefined> = new Set([0, 1, -ERRNO.ENOENT, -ERRNO.EEXIST]);

/** Whether something done with an element of an LRU map is said to have found it, or not to have. */
function isOfLruElement({ kind, was, now, event, reading }: Observation): boolean {
  const map = event === undefined ? undefined : elementOf(event)?.map;
  const isLru = map != null && reading.scenario.maps[map]?.type === "lru-hash";
  return isLru && kind.endsWith(" result") && EITHER.has(was) && EITHER.has(now);
}

function followsLockedUpdate({ event, reading }: Observation): boolean {
  const map = event === undefined ? undefined : elementOf(event)?.map;
  if (event === undefined || map == null || reading.scenario.maps[map]?.type !== "hash") return false;
  return reading.before(event).some((each) => isLockedUpdate(each) && elementOf(each)?.map === map);
}

/** Whether a start has a flag that its kernel does not know yet. */
function isTooNew({ event, linux }: Observation): boolean {
  if (event?.kind !== "call" || event.operation.kind !== "timer-start" || linux === undefined) return false;
  const flags = BigInt(event.operation.flags);
  return FLAGS.some(({ flag, since }) => (flags & BigInt(flag)) !== 0n && !isAtLeast(linux, since));
}

const FLAGS = [
  { flag: BPF_F_TIMER_ABS, since: "6.4" },
  { flag: BPF_F_TIMER_CPU_PIN, since: "6.7" },
] as const;

export const UNPROMISED: readonly Unpromised[] = [
  {
    name: "the processor of what is logged once",
    covers: ({ kind }) => kind === "other CPU",
    reason:
      "A test run that names no processor may be on any, and so may the callback of a timer without BPF_F_TIMER_CPU_PIN. Where such an execution leaves a single record nothing can contradict it; with more, plumbing.log and plumbing.processors do.",
  },
  {
    name: "the cause of a refused load",
    covers: (observation) => observation.subject === "load-program" && isOtherCause(observation),
    reason:
      "bpf(2) gives -EACCES and -EINVAL for unsafe and invalid programs without saying which defect is which, and the verifier's errno for one defect differs between releases.",
  },
  {
    name: "the cause of a refused map",
    covers: (observation) => observation.subject === "create-map" && isOtherCause(observation),
    reason:
      "bpf(2) lists causes for attributes that are invalid, not which comes first where BTF and map type disagree.",
  },
  {
    name: "a program of a type that a kernel need not have",
    covers: (observation) => {
      const program = loadedBy(observation);
      return observation.was === 0 && program !== undefined && !PLAIN_PROGRAM_TYPES.has(program.type);
    },
    reason:
      "Whether a kernel has a program type depends on how it was built (CONFIG_CGROUP_BPF, CONFIG_BPF_LSM, CONFIG_BPF_LIRC_MODE2, …). Where the control of a case is refused, nothing is said of the program beside it.",
  },
  {
    name: "a program that calls kfuncs",
    covers: (observation) => observation.kind === "step result" && callsKfuncs(loadedBy(observation)),
    reason:
      "Which kfuncs there are is a matter of the release, and the kernel's documentation says that they may change and go (Documentation/bpf/kfuncs.rst). What cancel-async.* promises is judged in its own cases.",
  },
  {
    name: "a socket filter with locks",
    covers: (observation) => {
      const program = loadedBy(observation);
      return program?.type === "socket-filter" && usesMaps(program, observation.reading.scenario, hasLock);
    },
    reason:
      "Kernels up to today refuse bpf_spin_lock to socket filters (check_map_prog_compatibility). bpf-helpers(7) says so of tracing programs and socket filters, of the lock and not of timers beside it.",
  },
  {
    name: "the lock of a callback's own element",
    covers: (observation) => observation.kind === "step result" && locksItsOwn(loadedBy(observation)),
    reason:
      "Before 6.2 a callback cannot give its own element's lock back: the verifier keeps no number of that element (process_spin_lock). No page speaks of locks in callbacks.",
  },
  {
    name: "a map with two timers",
    covers: ({ kind, event, reading }) =>
      kind === "step result" &&
      event?.kind === "step" &&
      event.step.kind === "create-map" &&
      timersIn(reading.scenario.maps[event.step.map] as MapSpec) > 1,
    reason:
      "The verifier refuses timers of a value with two. Nothing says whether the map can be created all the same, as it can today.",
  },
  {
    name: "work queues",
    covers: ({ kind, event, reading }) =>
      event?.kind === "step" &&
      ((kind === "bytes" && event.step.kind === "lookup") ||
        (kind === "step result" && event.step.kind === "create-map")) &&
      hasField(reading.scenario.maps[event.step.map], "work-queue"),
    reason:
      "The pages promise zeros where a timer or a lock lies, and none speaks of bpf_wq, of which kernels know since 6.10.",
  },
  {
    name: "a timer inside another struct or an array",
    covers: (observation) =>
      observation.kind === "step result" && usesMaps(loadedBy(observation), observation.reading.scenario, isWrapped),
    reason:
      "The pages show the timer as a member of the value, and do not say where else in it one may lie. Kernels differ in it.",
  },
  {
    name: "what is a divergence already",
    covers: (observation) =>
      observation.isDivergence &&
      (isLost(observation) ||
        (observation.kind === "step result" && observation.was === 0) ||
        (observation.kind === "call result" && observation.now === -ERRNO.EPERM)),
    reason:
      "Where a kernel is known not to do what the documents say, the history that is made wrong here is the one they promise. That a divergence no longer shows is said of a whole run (divergence-gone), not of a case.",
  },
  {
    name: "whether an LRU map still has an element",
    covers: (observation) =>
      isOfLruElement(observation) ||
      (isLost(observation) &&
        observation.reading.armings.records.some(
          (record) =>
            record.endEvent === observation.event &&
            mayBeEvicted(record, observation.reading, Number.POSITIVE_INFINITY),
        )),
    reason:
      "An update of an LRU map may evict any of its elements, and an element that is evicted takes its timer along. No page says which, or how many are left.",
  },
  {
    name: "what follows a locked update of a hash map",
    covers: (observation) => observation.kind === "call result" && followsLockedUpdate(observation),
    reason:
      "The documents say that an update frees the timer, and no kernel does so with BPF_F_LOCK (ownership.locked-update-frees). Which of the two timers a later call finds nobody settles.",
  },
  {
    name: "when a program goes",
    covers: ({ kind, event, reading }) =>
      kind === "step result" &&
      event?.kind === "step" &&
      event.step.kind === "find-program" &&
      !isProgramHeld(reading, event.step.program, event),
    reason:
      "An armed timer keeps its program, and a program that nobody needs goes in the end. Nothing says how soon, or whether an evicted element's timer still keeps it.",
  },
  {
    name: "a firing that something else was about to prevent",
    covers: (observation) => isLost(observation) && isInTime(observation),
    reason:
      "A firing may be as late as the clock's bound says. What frees, cancels or starts the timer anew within that time may come before it.",
  },
  {
    name: "the order of what is logged at one moment",
    covers: (observation) => observation.kind === "order" && isAtOnce(observation),
    reason:
      "Nothing orders timers that expire at the same time. A start is logged once it has returned, and a timer of 0 ns may have fired by then.",
  },
  {
    name: "a flag of bpf_timer_start that the kernel does not know yet",
    covers: (observation) => observation.kind === "call result" && isTooNew(observation),
    reason:
      "BPF_F_TIMER_ABS is documented since 6.4 and BPF_F_TIMER_CPU_PIN since 6.7; the pages do not say what an older kernel does with them.",
  },
];
