/** One case on one runtime, judged: what its guarantee says of the outcome. */
import type { Harness, Outcome } from "../harness/harness.ts";
import { type History, readHistory } from "../scenario/history.ts";
import { type Divergence, explain } from "../specs/divergences.ts";
import type { Guarantee, Violation } from "../specs/guarantee.ts";
import type { Case } from "./cases.ts";

export type CaseVerdict =
  | { kind: "holds" | "not-exercised" }
  | { kind: "violated"; violation: Violation; history: History }
  | { kind: "known-divergence"; divergence: Divergence }
  | { kind: "error"; reason: string };

/** Judges an outcome; a violation that no recorded divergence explains comes before one that is explained. */
export function judgeCase(
  guarantee: Guarantee,
  { scenario, compiled }: Case,
  outcome: Outcome,
  harness: Harness,
): CaseVerdict {
  if (outcome.kind === "died") return { kind: "error", reason: `${outcome.reason}\n${outcome.console}`.trimEnd() };
  if (outcome.kind === "error") return { kind: "error", reason: outcome.reason };
  const { complaints, droppedRecords } = outcome.trace;
  if (complaints.length > 0) return { kind: "error", reason: `the kernel complained: ${complaints.join("\n")}` };
  if (droppedRecords > 0)
    return { kind: "error", reason: `${droppedRecords} log records did not fit into the log map` };
  const history = readHistory(scenario, compiled, outcome.trace);
  const { exercised, violations } = guarantee.check(history, harness.clock);
  let explained: Divergence | undefined;
  for (const violation of violations) {
    const divergence = explain(guarantee.id, violation, harness.linux);
    if (divergence === undefined) return { kind: "violated", violation, history };
    explained ??= divergence;
  }
  if (explained !== undefined) return { kind: "known-divergence", divergence: explained };
  return { kind: exercised > 0 ? "holds" : "not-exercised" };
}
