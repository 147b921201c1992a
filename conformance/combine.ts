/** The results of a run that was taken up again: what was found before and after, as one. */
import type { ClauseResult, ExcuseResult, GuaranteeResult } from "./results.ts";
import { VERDICTS, type Verdict } from "./verdicts.ts";

type Counts = ClauseResult["own"];

const sum = (one: Counts, other: Counts): Counts => ({
  exercised: one.exercised + other.exercised,
  violated: one.violated + other.violated,
  excused: one.excused + other.excused,
});

function excuses(one: readonly ExcuseResult[], other: readonly ExcuseResult[]): ExcuseResult[] {
  const all = new Map(one.map((each) => [each.name, each]));
  for (const each of other) {
    const known = all.get(each.name);
    all.set(each.name, known ? { ...each, own: known.own + each.own, all: known.all + each.all } : each);
  }
  return [...all.values()];
}

/** What says more: the part in which the guarantee's own cases were run, unless the other one found worse. */
function telling<T extends { verdict: Verdict }>(own: T, other: T): T {
  const isWorse = VERDICTS.indexOf(other.verdict) < VERDICTS.indexOf(own.verdict);
  return isWorse && other.verdict !== "not-exercised" ? other : own;
}

/** Two parts of one run's result for a guarantee; its own cases were run in one of them at most. */
export function combine(before: GuaranteeResult, after: GuaranteeResult): GuaranteeResult {
  const [own, other] = before.cases > 0 ? [before, after] : [after, before];
  if (own.clauses.length === 0 || other.clauses.length === 0) return own;
  const { counterexample } = before.counterexample === undefined ? after : before;
  const clauses = own.clauses.map((clause): ClauseResult => {
    const theirs = other.clauses.find(({ name }) => name === clause.name);
    if (theirs === undefined) return clause;
    return {
      ...telling(clause, theirs),
      own: sum(clause.own, theirs.own),
      all: sum(clause.all, theirs.all),
      excuses: excuses(clause.excuses, theirs.excuses),
      lateOnce: clause.lateOnce + theirs.lateOnce,
    };
  });
  const { verdict, reason } = telling(own, other);
  return {
    ...own,
    verdict,
    traces: own.traces + other.traces,
    clauses,
    ...(reason === undefined ? {} : { reason }),
    ...(counterexample === undefined ? {} : { counterexample }),
  };
}
