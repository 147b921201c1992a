/** What is made of a case that breaks a guarantee: run again where it was late, shrunk where it stands. */
import { isTroubled } from "../harness/complaints.ts";
import type { Harness } from "../harness/harness.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Planner } from "./askable.ts";
import { type Case, toCase } from "./cases.ts";
import { type Counterexample, toCounterexample } from "./counterexample.ts";
import type { Expectation } from "./expectations.ts";
import { attributionOf, inTurn, isAlone } from "./health.ts";
import { type BadCaseVerdict, type JudgedCase, judgeBatch, verdictOf } from "./judge-case.ts";
import type { Jury } from "./jury.ts";
import { shrink } from "./shrink.ts";
import type { Witness } from "./tally.ts";

/** What it takes to run cases on one runtime and to judge them. */
export interface Court {
  harness: Harness;
  jury: Jury;
  expectations: readonly Expectation[];
  seed: number;
  signal?: AbortSignal | undefined;
  /** Of a runtime that does not have everything. */
  planner?: Planner | undefined;
}

/** How often a case with nothing wrong but lateness is run again. */
const REPEATS = 3;

const run = (cases: readonly Case[], court: Court): Promise<JudgedCase[]> => judgeBatch(cases, court);

/** Runs those cases that the runtime can be asked; of the others nothing is known. */
async function runAskable(cases: readonly Case[], court: Court): Promise<(JudgedCase | undefined)[]> {
  const isAskable = (await court.planner?.askable(cases)) ?? cases.map(() => true);
  const judged = await run(
    cases.filter((_, at) => isAskable[at]),
    court,
  );
  return isAskable.map((each) => (each ? judged.shift() : undefined));
}

/** The same clause, or the kernel's health, is broken in the same way. */
function isSame(judged: JudgedCase, guarantee: string, verdict: BadCaseVerdict): boolean {
  const again = verdictOf({ id: guarantee, clause: verdict.clause }, judged);
  return again.kind === "violated" && again.violation.subject === verdict.violation.subject && isAlone(judged.outcome);
}

/**
 * Whether a case that showed nothing but lateness shows it again, when it is run some times more. Where time is real, a
 * busy machine is late now and then, whatever bound was measured while it was not: there it has to be late each time.
 */
export async function isLateAgain({ judged, violation }: Witness, clause: ClauseName, court: Court): Promise<boolean> {
  if (violation === undefined) return false;
  const verdict: BadCaseVerdict = { kind: "violated", violation, clause: clause.name };
  const again = await run(Array<Case>(REPEATS).fill(judged.item), court);
  const isLate = (each: JudgedCase): boolean => isSame(each, clause.guarantee, verdict);
  return court.harness.clock.kind === "real" ? again.every(isLate) : again.some(isLate);
}

export interface ClauseName {
  guarantee: string;
  name: string;
}

/**
 * The counterexample that a witness makes: the smallest case that is violated in the same way. One that takes other
 * cases before it stays as it is, since what is made of it then depends on them as well.
 */
export async function counterexampleOf(
  { judged, violation }: Witness,
  guarantee: string,
  clause: string | undefined,
  court: Court,
): Promise<Counterexample> {
  const { harness, seed, signal } = court;
  const named = { guarantee, runtime: harness.name, seed };
  if (violation === undefined) {
    if (judged.trouble?.kind !== "error") throw new Error("a case with nothing wrong is no counterexample");
    return toCounterexample(judged, { ...named, verdict: judged.trouble, repeats: false });
  }
  const verdict: BadCaseVerdict = { kind: "violated", violation, ...(clause === undefined ? {} : { clause }) };
  if (!isAlone(judged.outcome)) {
    const repeats = attributionOf(judged.outcome)?.repeats ?? false;
    return toCounterexample(judged, { ...named, verdict, repeats });
  }
  const shows = async (batch: Scenario[]) =>
    (await runAskable(batch.map(toCase), court)).map((each) => each !== undefined && isSame(each, guarantee, verdict));
  const smallest = await shrink(judged.item.scenario, isTroubled(judged.outcome) ? inTurn(shows) : shows, signal);
  const [again] = await run([toCase(smallest)], court);
  if (again === undefined || !isSame(again, guarantee, verdict))
    return toCounterexample(judged, { ...named, verdict, repeats: false });
  const small = verdictOf({ id: guarantee, clause: verdict.clause }, again);
  if (small.kind !== "violated") throw new Error("a case that shows a violation has one");
  return toCounterexample(again, { ...named, verdict: small, repeats: true });
}
