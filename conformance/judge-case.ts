/** One case on one runtime, judged: what every guarantee says of the outcome. */
import type { Harness, Outcome } from "../harness/harness.ts";
import type { Guarantee, Violation } from "../specs/guarantee.ts";
import type { Case } from "./cases.ts";
import type { Expectation } from "./expectations.ts";
import { healthViolation } from "./health.ts";
import { type Excuse, Jury, type Opinion } from "./jury.ts";

/** What is wrong with an outcome as a whole: the guarantee that drew the case has to answer for it. */
export type Trouble =
  | { kind: "complaint"; violation: Violation; expectation?: Expectation }
  | { kind: "error"; reason: string };

export interface JudgedCase {
  item: Case;
  outcome: Outcome;
  /** What every clause says that the trace has to do with; empty where there is no whole trace. */
  opinions: readonly Opinion[];
  trouble?: Trouble | undefined;
}

/** Judges an outcome by all guarantees. A kernel that complains of itself keeps no promise, whatever else it did. */
export function judgeCase(jury: Jury, item: Case, outcome: Outcome, expected: readonly Expectation[] = []): JudgedCase {
  const violation = healthViolation(outcome, item.compiled);
  const expectation = expected.find((each) => violation !== undefined && each.isComplaint(violation.observed));
  if (violation !== undefined && outcome.kind !== "trace")
    return { item, outcome, opinions: [], trouble: { kind: "complaint", violation } };
  if (outcome.kind !== "trace") {
    const console = outcome.kind === "died" ? `\n${outcome.console}` : "";
    return { item, outcome, opinions: [], trouble: { kind: "error", reason: `${outcome.reason}${console}`.trimEnd() } };
  }
  const { droppedRecords } = outcome.trace;
  if (droppedRecords > 0) {
    const reason = `${droppedRecords} log records did not fit into the log map`;
    return { item, outcome, opinions: [], trouble: { kind: "error", reason } };
  }
  const opinions = jury.judge(item, outcome);
  if (violation === undefined) return { item, outcome, opinions };
  const accepted = expectation === undefined ? {} : { expectation };
  return { item, outcome, opinions, trouble: { kind: "complaint", violation, ...accepted } };
}

/** Whether anything is wrong with it that nothing excuses. */
export const objectsTo = ({ opinions, trouble }: JudgedCase): boolean =>
  trouble !== undefined || opinions.some(({ violation, excuse }) => violation !== undefined && excuse === undefined);

/** What one guarantee says of one case. */
export type CaseVerdict =
  | { kind: "holds" | "not-exercised" }
  | { kind: "violated"; violation: Violation; clause?: string }
  | { kind: "known-divergence"; excuse: Excuse; violation: Violation; clause?: string }
  | { kind: "error"; reason: string };

export type BadCaseVerdict = Extract<CaseVerdict, { kind: "violated" }>;

/** What a guarantee, or one clause of it, says of a case: the worst of what its clauses say, or the case's own trouble. */
export function verdictOf(
  { id, clause: only }: { id: string; clause?: string | undefined },
  { opinions, trouble }: JudgedCase,
): CaseVerdict {
  if (only === undefined && trouble?.kind === "complaint" && trouble.expectation === undefined)
    return { kind: "violated", violation: trouble.violation };
  if (trouble?.kind === "error") return trouble;
  const own = opinions.filter(
    ({ juror: { guarantee, clause } }) => guarantee.id === id && (only ?? clause.name) === clause.name,
  );
  let excused: CaseVerdict | undefined;
  for (const { violation, excuse, juror } of own) {
    const clause = juror.clause.name;
    if (violation === undefined) continue;
    if (excuse === undefined) return { kind: "violated", violation, clause };
    excused ??= { kind: "known-divergence", excuse, violation, clause };
  }
  if (excused !== undefined) return excused;
  if (trouble?.kind === "complaint" && trouble.expectation !== undefined)
    return {
      kind: "known-divergence",
      violation: trouble.violation,
      excuse: { kind: "expectation", expectation: trouble.expectation },
    };
  return { kind: own.length > 0 ? "holds" : "not-exercised" };
}

/** What a guarantee alone says of an outcome of a case. */
export const judgeAlone = (guarantee: Guarantee, item: Case, outcome: Outcome, harness: Harness): CaseVerdict =>
  verdictOf(guarantee, judgeCase(new Jury([guarantee], harness), item, outcome));

/** Runs cases on a runtime and judges each by all guarantees. */
export async function judgeBatch(
  cases: readonly Case[],
  { harness, jury, expectations = [] }: { harness: Harness; jury: Jury; expectations?: readonly Expectation[] },
): Promise<JudgedCase[]> {
  const outcomes = await harness.run(cases.map(({ compiled }) => compiled));
  return cases.map((item, index) => {
    const outcome = outcomes[index] ?? { kind: "error", reason: "the harness gave no outcome for this case" };
    return judgeCase(jury, item, outcome, expectations);
  });
}
