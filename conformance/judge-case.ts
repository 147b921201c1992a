/** One case on one runtime, judged: what its guarantee says of the outcome. */
import type { Harness, Outcome } from "../harness/harness.ts";
import { readHistory } from "../scenario/history.ts";
import { Reading } from "../specs/checks/reading.ts";
import { type Divergence, explain } from "../specs/divergences.ts";
import type { Guarantee, Violation } from "../specs/guarantee.ts";
import type { Case } from "./cases.ts";
import { healthViolation } from "./health.ts";

export type CaseVerdict =
  | { kind: "holds" | "not-exercised" }
  | { kind: "violated"; violation: Violation }
  | { kind: "known-divergence"; divergence: Divergence }
  | { kind: "error"; reason: string };

/**
 * Judges an outcome. A kernel that complains of itself keeps no promise, whatever else it did; otherwise a violation
 * that no recorded divergence explains comes before one that is explained.
 */
export function judgeCase(
  guarantee: Guarantee,
  { scenario, compiled }: Case,
  outcome: Outcome,
  harness: Harness,
): CaseVerdict {
  const complaint = healthViolation(outcome, compiled);
  if (complaint !== undefined) return { kind: "violated", violation: complaint };
  if (outcome.kind === "died") return { kind: "error", reason: `${outcome.reason}\n${outcome.console}`.trimEnd() };
  if (outcome.kind === "error") return { kind: "error", reason: outcome.reason };
  const { droppedRecords } = outcome.trace;
  if (droppedRecords > 0)
    return { kind: "error", reason: `${droppedRecords} log records did not fit into the log map` };
  const reading = new Reading(readHistory(scenario, compiled, outcome.trace));
  const judged = guarantee.clauses.map(({ check }) => check(reading, harness.clock));
  const violations = judged.flatMap((judgement) => judgement.violations);
  const exercised = judged.some((judgement) => judgement.exercised > 0) ? 1 : 0;
  let explained: Divergence | undefined;
  for (const violation of violations) {
    const divergence = explain(guarantee.id, violation, harness.linux);
    if (divergence === undefined) return { kind: "violated", violation };
    explained ??= divergence;
  }
  if (explained !== undefined) return { kind: "known-divergence", divergence: explained };
  return { kind: exercised > 0 ? "holds" : "not-exercised" };
}
