/** Known divergences: where a kernel does not do what its documentation says, on which releases, and why. */
import { ERRNO } from "../bpf/errno.ts";
import type { KernelRelease } from "../scenario/release.ts";
import { isAtLeast, mayHold } from "../scenario/release.ts";
import { type ArmingRecord, delayOf, isDue, isFreedByLockedUpdate } from "./checks/armings.ts";
import { firingOf } from "./checks/firing-time.ts";
import { isSameElement } from "./checks/looking-back.ts";
import type { Reading } from "./checks/reading.ts";
import type { ClockBound, Violation } from "./guarantee.ts";

export interface Divergence {
  /** What the finding is cited by; stable for ever. */
  id: string;
  guarantee: string;
  clause: string;
  /** Whether a violation of the clause is this one and nothing else: what exactly is seen. */
  shows(violation: Violation, reading: Reading, clock: ClockBound): boolean;
  /** The first release that differs, and the first that no longer does. */
  since: string;
  until?: string;
  /** The series it was seen on. */
  seenOn: readonly string[];
  /** The finding in a line, as a heading. */
  title: string;
  /** What the documentation says, what happens instead, and what in the kernel decides it. */
  claim: string;
  happens: string;
  because: string;
}

/** The series that are run for the reference. */
const FROM_6_1 = ["6.1", "6.12", "6.16", "6.17", "6.18", "6.19", "7.0", "7.1", "7.2", "7.3"] as const;
const FROM_6_12 = FROM_6_1.slice(1);
const FROM_7_0 = FROM_6_1.slice(6);

/** The program types that may use timers since 7.0 and are on no page. */
const TRACING_TYPES: ReadonlySet<string> = new Set([
  "kprobe",
  "tracepoint",
  "perf-event",
  "raw-tracepoint",
  "raw-tracepoint-writable",
]);

/** Whether the timer of a call was freed by the step that took its map's last user reference. */
const isOnTimerFreedWithMap = ({ event }: Violation, reading: Reading): boolean =>
  reading.calls("timer-set-callback").some((call) => call.event === event && call.timer.freedWithMap !== null);

/** Whether a firing came when CLOCK_MONOTONIC reached what an absolute start said. */
function isOnMonotonicClock({ event }: Violation, reading: Reading, clock: ClockBound): boolean {
  const record = reading.armings.records.find((each) => firingOf(each) === event);
  const delayNs = record === undefined ? null : delayOf(record.operation);
  if (record === undefined || delayNs === null || event?.kind !== "firing") return false;
  const { earliest, latest } = record.madeNs;
  return event.timeNs >= earliest + delayNs && event.timeNs <= latest + delayNs + clock.latenessNs;
}

const isResult = ({ event }: Violation, result: number): boolean =>
  (event?.kind === "call" && event.result === result) || (event?.kind === "step" && event.outcome.result === result);

/** Whether a firing is the first of a start that a locked update has freed since: the update has changed nothing. */
function isOfFreedStart({ event }: Violation, reading: Reading, clock: ClockBound): boolean {
  if (event?.kind !== "firing") return false;
  const isOf = (record: ArmingRecord): boolean =>
    isFreedByLockedUpdate(record, reading) &&
    delayOf(record.operation) !== null &&
    record.call.element?.map === event.element.map &&
    record.call.element.key === event.element.key;
  return reading.armings.all.records.some(
    (record) =>
      isOf(record) &&
      isDue(record, event.timeNs, clock) &&
      !reading.firings.some(
        (other) =>
          other.event !== event &&
          isSameElement(other.event, event) &&
          reading.placeOf(other.event) > reading.placeOf(record.call) &&
          reading.placeOf(other.event) < reading.placeOf(event),
      ),
  );
}

const LOCKED_UPDATE = {
  clause: "hash",
  shows: isOfFreedStart,
  since: "5.15",
  seenOn: FROM_6_1,
  claim: "An update of an element cancels and frees its timer.",
  happens:
    "With BPF_F_LOCK an update of a hash map's element leaves its timer as it is: it stays armed and fires when it is due. In an array it is freed.",
  because:
    "htab_map_update_elem copies the new value over the old one under its lock (copy_map_value_locked), in place, and frees nothing; without the flag it puts a new element in place of the old one, whose fields are then freed. array_map_update_elem frees the fields in both ways (bpf_obj_free_fields).",
} as const;

export const DIVERGENCES: readonly Divergence[] = [
  {
    ...LOCKED_UPDATE,
    id: "ownership.locked-update-frees",
    guarantee: "ownership.locked-update-frees",
    title: "An update with BPF_F_LOCK frees no timer of a hash map",
  },
  {
    ...LOCKED_UPDATE,
    id: "ownership.program-locked-update-frees",
    guarantee: "ownership.program-locked-update-frees",
    title: "bpf_map_update_elem with BPF_F_LOCK frees no timer of a hash map",
  },
  {
    id: "cancel.interrupts-off",
    guarantee: "cancel.interrupts-off",
    clause: "returns",
    shows: (violation) => isResult(violation, -ERRNO.EOPNOTSUPP),
    since: "7.0",
    seenOn: ["7.0", "7.1", "7.2", "7.3"],
    title: "bpf_timer_cancel returns -EOPNOTSUPP with interrupts off",
    claim: "bpf_timer_cancel returns 1 for an armed timer, 0 for one that is not, -EINVAL or -EDEADLK.",
    happens: "Called with interrupts off it returns -EOPNOTSUPP, which no document lists, and the timer stays armed.",
    because:
      "Since 7.0 the helpers may be called in any context and leave to an irq_work what they must not do with interrupts off (defer_timer_wq_op). bpf_timer_cancel has to give its result at once, and may have to wait for a callback: it refuses. Up to 6.19 it cancelled there as everywhere.",
  },
  {
    id: "set-callback.no-user-reference",
    guarantee: "set-callback.no-user-reference",
    clause: "returns",
    shows: (violation, reading) => isResult(violation, -ERRNO.EINVAL) && isOnTimerFreedWithMap(violation, reading),
    since: "5.15",
    seenOn: FROM_6_1,
    title: "bpf_timer_set_callback returns -EINVAL and not -EPERM for a map without user references",
    claim: "bpf_timer_set_callback returns -EPERM for a timer in a map without user references.",
    happens: "It returns -EINVAL.",
    because:
      "When a map loses its last user reference, map_release_uref (array_map_free_timers, htab_map_free_timers) frees every timer in it before the descriptor's close returns. bpf_timer_set_callback looks for the timer first and for user references second, and finds no timer. -EPERM is left for the moment in which another CPU is releasing the last reference; in 7.2 __bpf_async_set_callback does not look for user references any more.",
  },
  {
    id: "start.absolute-realtime",
    guarantee: "start.absolute-realtime",
    clause: "fires",
    shows: (violation, reading, clock) => violation.subject === "late" && isOnMonotonicClock(violation, reading, clock),
    since: "6.4",
    seenOn: FROM_6_12,
    title: "Absolute timers on CLOCK_REALTIME run on CLOCK_MONOTONIC",
    claim:
      "With BPF_F_TIMER_ABS the nanoseconds are an expiry on the clock that bpf_timer_init was given, CLOCK_REALTIME included.",
    happens:
      "On a CLOCK_REALTIME timer they are taken for CLOCK_MONOTONIC: an expiry in real time comes decades late, and a monotonic one at its monotonic time.",
    because:
      "bpf_timer_init initializes the hrtimer as HRTIMER_MODE_REL_SOFT whatever the later start will say. For a relative timer __hrtimer_init (__hrtimer_setup in later releases) replaces CLOCK_REALTIME by CLOCK_MONOTONIC, and bpf_timer_start with HRTIMER_MODE_ABS_SOFT arms it on that base.",
  },
  {
    id: "set-callback.returns-zero",
    guarantee: "set-callback.returns-zero",
    clause: "branch",
    shows: (violation) => isResult(violation, 0),
    since: "5.15",
    until: "6.8",
    seenOn: ["6.1"],
    title: "A callback that returns another number than 0 on one branch loads before 6.8",
    claim:
      "A timer's callback has to return 0: the verifier refuses a program whose callback may return anything else.",
    happens:
      "A program loads whose callback returns 0 on the branch that is followed first, and another number on one that meets it.",
    because:
      'check_return_code looked at R0 and did not ask for its exact number, so that the number on the second branch was taken for as good as the one on the first where both go on alike (states_equal). 6.8 marks R0 as precise first ("bpf: enforce precise retval range on program exit").',
  },
  {
    id: "set-callback.releases-program",
    guarantee: "set-callback.releases-program",
    clause: "fired",
    shows: (violation) => violation.subject === "fired" && isResult(violation, 0),
    since: "5.15",
    seenOn: FROM_6_1,
    title: "A timer that has fired still keeps its program loaded",
    claim: "Programs stay loaded until all timers that call back into them have fired or are cancelled.",
    happens:
      "A timer that has fired keeps its program loaded: the program goes only once the timer is cancelled, is freed with its element or its map, or gets a callback of another program.",
    because:
      "bpf_timer_set_callback takes the reference, and drop_prog_refcnt (bpf_async_update_prog_callback since 7.0) drops it, which bpf_timer_cancel and bpf_timer_cancel_and_free call. bpf_timer_cb, which runs when the timer expires, does not: the callback may start its timer again.",
  },
  {
    id: "program-types.unlisted",
    guarantee: "program-types.unlisted",
    clause: "load",
    shows: (violation) => TRACING_TYPES.has(violation.subject) && isResult(violation, 0),
    since: "7.0",
    seenOn: FROM_7_0,
    title: "Tracing programs may use timers since 7.0, and no page lists them",
    claim: "The pages of the four helpers list the program types that can call them; these types are on none.",
    happens: "Programs of these types may use maps with timers and call all four helpers.",
    because:
      "Up to 6.19 check_map_prog_compatibility refused a program of these types (is_tracing_prog_type) any map with a timer. 7.0 made the helpers safe in any context, by deferring to an irq_work what cannot be done with interrupts off, and took that refusal away; bpf_base_func_proto had offered the helpers to these types all along.",
  },
];

/** Whether a kernel may differ so, and whether it surely does: one built between two releases may be either. */
export function standingOf(
  { since, until }: Pick<Divergence, "since" | "until">,
  linux: KernelRelease | undefined,
): "differs" | "may-differ" | "keeps" {
  if (linux === undefined || !mayHold(linux, since)) return "keeps";
  if (until !== undefined && isAtLeast(linux, until)) return "keeps";
  return isAtLeast(linux, since) && (until === undefined || !mayHold(linux, until)) ? "differs" : "may-differ";
}

/** The divergences that may show on a kernel of this release; none where the release is not known. */
export const divergencesOf = (linux: KernelRelease | undefined): Divergence[] =>
  DIVERGENCES.filter((divergence) => standingOf(divergence, linux) !== "keeps");
