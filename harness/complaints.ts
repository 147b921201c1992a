/** What a kernel complains of about itself: how it is recognized, and when two complaints are the same one. */
import type { Outcome } from "./harness.ts";

/** How a kernel's own checks begin or mark what they print: the same list as in kernel/agent/kernel_log.c. */
export const COMPLAINT_MARKS: readonly string[] = [
  "WARNING:",
  "BUG:",
  "kernel BUG at",
  "Oops",
  "KASAN",
  "KCSAN",
  "UBSAN",
  "general protection fault",
  "unable to handle",
  "Unable to handle",
  "invalid opcode",
  "stack segment",
  "detected stall",
  "detected stalls",
  "rcu_preempt kthread starved",
  "rcu_sched kthread starved",
  "soft lockup",
  "hard LOCKUP",
  "blocked for more than",
  "possible recursive locking",
  "possible circular locking",
  "inconsistent lock state",
  "suspicious RCU usage",
  "bad unlock balance",
  "scheduling while atomic",
  "sleeping function called from invalid context",
  "refcount_t:",
  "list_add corruption",
  "list_del corruption",
  "ODEBUG:",
  "trying to register non-static key",
  "page allocation failure",
  "Out of memory",
  "Kernel panic",
];

/** What the kernel prints in front of each line: a time, and in some builds who printed it. */
const STAMP = /^(\[[^\]]*\]\s*)+/;

/** Lines with a mark that do not speak of the kernel: what the agent says, and that it has ended. */
const NOT_OF_THE_KERNEL = /^agent:|Attempted to kill init/;

/** The complaints in what a kernel printed, without their stamps. */
export function complaintsIn(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.replace(STAMP, "").trim())
    .filter((line) => COMPLAINT_MARKS.some((mark) => line.includes(mark)) && !NOT_OF_THE_KERNEL.test(line));
}

/** What differs between two sightings of one complaint, and a word in its place. */
const INCIDENTAL: readonly (readonly [RegExp, string])[] = [
  [STAMP, ""],
  [/\[\S+:\d+\]/g, "[task]"],
  [/\btask \S+/g, "task"],
  [/\bComm: \S+/g, "Comm"],
  [/\batomic: \S+/g, "atomic"],
  [/\b0x[0-9a-f]+|\b[0-9a-f]{8,}\b|\d+/gi, "N"],
];

/** A complaint without numbers, addresses and the names of processes: the same for each sighting of it. */
export function complaintKind(complaint: string): string {
  return INCIDENTAL.reduce((text, [pattern, word]) => text.replace(pattern, word), complaint).trim();
}

/** Whether both complain of the same. */
export const sameComplaint = (one: string, other: string): boolean => complaintKind(one) === complaintKind(other);

/** What the kernel complained of in an outcome, the first complaint first; a plain hang and an error are none. */
export function complaintsOf(outcome: Outcome): readonly string[] {
  if (outcome.kind === "trace") return outcome.trace.complaints;
  return outcome.kind === "died" && outcome.complaint !== undefined ? [outcome.complaint] : [];
}

/** Whether the kernel complained. A plain hang is no such trouble: to see it again costs the whole limit each time. */
export const isTroubled = (outcome: Outcome): boolean => complaintsOf(outcome).length > 0;
