/** Verdicts from tallies: what the cases judged so far say of a guarantee on one runtime. */
import type { Harness } from "../harness/harness.ts";
import { type Divergence, standingOf } from "../specs/divergences.ts";
import type { Clause, Guarantee } from "../specs/guarantee.ts";
import { inapplicable, type Juror, type Jury, nameOf, reasonOf } from "./jury.ts";
import type { ClauseResult, ExcuseResult, GuaranteeResult } from "./results.ts";
import type { ClauseTally, ExcuseCounts, GuaranteeTally, Tally } from "./tally.ts";
import { type Verdict, worstOf } from "./verdicts.ts";

/** How far below its share chance alone can leave a clause, in standard deviations. */
const DEVIATIONS = 4;

/** From how many cases on a divergence that none of them showed is said to be gone. */
const ENOUGH_TO_MISS = 20;

/** How many of some cases have to reach a clause for it to count as exercised. */
export function neededOf(
  { reach }: { reach?: Pick<NonNullable<Clause["reach"]>, "share"> | undefined },
  cases: number,
): number {
  const { share } = reach ?? { share: 1 };
  const deviation = Math.sqrt(cases * share * (1 - share));
  return Math.max(1, Math.floor(share * cases - DEVIATIONS * deviation));
}

const percent = (share: number): string => `${Math.round(share * 1000) / 10} %`;

const excuseResult = ({ excuse, own, all }: ExcuseCounts): ExcuseResult => ({
  kind: excuse.kind,
  name: nameOf(excuse),
  reason: reasonOf(excuse),
  own,
  all,
});

/** What a clause's verdict is, with the reason of one that needs it. */
function judgeClause(
  { clause, guarantee, mayBeTooOld }: Juror,
  tally: ClauseTally,
  { cases, askable }: GuaranteeTally,
  isLateOnly: boolean,
): { verdict: Verdict; reason?: string } {
  const witness = tally.witness ?? (isLateOnly ? undefined : tally.late[0]);
  if (witness !== undefined) {
    const observed = witness.violation?.observed ?? "";
    if (!mayBeTooOld) return { verdict: "violated", reason: observed };
    const reason = `since Linux ${guarantee.since}; this kernel lies between two releases, and does not yet: ${observed}`;
    return { verdict: "not-applicable", reason };
  }
  const reachable = askable?.reach.get(clause.name);
  if (askable !== undefined && !(Number(reachable) > 0)) return { verdict: "not-applicable", reason: askable.reason };
  const reach = reachable === undefined ? clause.reach : { share: reachable };
  const needed = neededOf({ reach }, cases);
  if (cases > 0 && tally.own.exercised < needed) {
    const share = reach === undefined || reach.share === 1 ? "all" : `${percent(reach.share)} of them`;
    return {
      verdict: "not-exercised",
      reason: `reached by ${tally.own.exercised} of ${cases} cases, and ${share} should`,
    };
  }
  const [excuse] = tally.excuses.values();
  if (excuse !== undefined) return { verdict: "known-divergence", reason: excuseResult(excuse).reason };
  return { verdict: cases === 0 ? "not-exercised" : "holds" };
}

/** The recorded divergences of a clause that must show on this kernel, and did not where they could. */
function goneFrom({ divergences }: Juror, tally: ClauseTally, harness: Harness): Divergence[] {
  if (tally.own.exercised < ENOUGH_TO_MISS) return [];
  return divergences.filter(
    (divergence) => standingOf(divergence, harness.linux) === "differs" && !tally.excuses.has(divergence),
  );
}

/** What came of all its cases together, where that is worse than what the clauses say. */
function judgeWhole({ complaint, error, expected }: GuaranteeTally): { verdict: Verdict; reason: string }[] {
  const [first] = expected.values();
  return [
    ...(complaint === undefined ? [] : [{ verdict: "violated" as const, reason: complaint.violation?.observed ?? "" }]),
    ...(error === undefined ? [] : [{ verdict: "error" as const, reason: error.reason }]),
    ...(first === undefined ? [] : [{ verdict: "known-divergence" as const, reason: excuseResult(first).reason }]),
  ];
}

/** What the runtime was not asked, where that is something. */
function leftOutOf({ askable }: GuaranteeTally): Pick<GuaranteeResult, "leftOut"> {
  if (askable === undefined || askable.leftOut === 0) return {};
  return { leftOut: { cases: askable.leftOut, reason: askable.reason } };
}

/**
 * The result of a guarantee on a runtime.
 * @param lateOnce the clauses whose late cases were not late again when they were run again
 */
export function resultOf(
  guarantee: Guarantee,
  { jury, tally, harness, lateOnce }: { jury: Jury; tally: Tally; harness: Harness; lateOnce: ReadonlySet<Juror> },
): GuaranteeResult {
  const base = { guarantee: guarantee.id, runtime: harness.name };
  const reason = inapplicable(guarantee, harness);
  if (reason !== undefined)
    return { ...base, verdict: "not-applicable", cases: 0, exercised: 0, traces: 0, clauses: [], reason, gone: [] };
  const whole = tally.of(guarantee.id);
  const jurors = jury.of(guarantee);
  const clauses = jurors.map((juror): ClauseResult => {
    const clause = tally.clauses[juror.index] as ClauseTally;
    const isLateOnly = lateOnce.has(juror);
    return {
      name: juror.clause.name,
      ...judgeClause(juror, clause, whole, isLateOnly),
      own: { ...clause.own },
      all: { ...clause.all },
      excuses: [...clause.excuses.values()].map(excuseResult),
      lateOnce: isLateOnly ? clause.late.length : 0,
    };
  });
  const judged = [...judgeWhole(whole), ...clauses];
  const applying = clauses.filter((clause) => clause.verdict !== "not-applicable");
  const verdict = worstOf(judged.map((each) => each.verdict)) ?? "not-exercised";
  const why = judged.find((each) => each.verdict === verdict)?.reason;
  return {
    ...base,
    verdict,
    cases: whole.cases,
    exercised: Math.min(...(applying.length > 0 ? applying : clauses).map(({ own }) => own.exercised)),
    traces: tally.traces,
    clauses,
    ...(why === undefined ? {} : { reason: why }),
    ...leftOutOf(whole),
    gone: jurors
      .flatMap((juror) => goneFrom(juror, tally.clauses[juror.index] as ClauseTally, harness))
      .map(({ id }) => id),
  };
}
