/** One guarantee on one runtime: all its cases, the verdict over them, and the shrunk counterexample. */
import { isTroubled } from "../harness/complaints.ts";
import type { Harness, Outcome } from "../harness/harness.ts";
import { isAtLeast } from "../scenario/release.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { type Case, toCase } from "./cases.ts";
import { type Counterexample, toCounterexample } from "./counterexample.ts";
import { attributionOf, inTurn, isAlone } from "./health.ts";
import { type CaseVerdict, judgeCase } from "./judge-case.ts";
import type { GuaranteeResult, Verdict } from "./results.ts";
import { inBatches } from "./scheduling/in-batches.ts";
import { shrink } from "./shrink.ts";

export interface GuaranteeOutcome {
  result: GuaranteeResult;
  counterexample?: Counterexample;
}

interface JudgedCase {
  item: Case;
  outcome: Outcome;
  verdict: CaseVerdict;
}

async function judgeBatch(guarantee: Guarantee, cases: readonly Case[], harness: Harness): Promise<JudgedCase[]> {
  const outcomes = await harness.run(cases.map(({ compiled }) => compiled));
  return cases.map((item, index) => {
    const outcome = outcomes[index] ?? { kind: "error", reason: "the harness gave no outcome for this case" };
    return { item, outcome, verdict: judgeCase(guarantee, item, outcome, harness) };
  });
}

/** The worst comes first: what a guarantee's verdict is, given those of its cases. */
const WORST_FIRST: readonly Exclude<Verdict, "not-applicable">[] = [
  "violated",
  "error",
  "known-divergence",
  "holds",
  "not-exercised",
];

/** What is kept of the cases judged so far: traces are large. */
class Tally {
  cases = 0;
  exercised = 0;
  readonly #firsts = new Map<Verdict, JudgedCase>();

  add(judged: JudgedCase): void {
    const { kind } = judged.verdict;
    this.cases++;
    if (kind !== "not-exercised" && kind !== "error") this.exercised++;
    if (!this.#firsts.has(kind)) this.#firsts.set(kind, judged);
  }

  /** The first of the worst cases; undefined where there was none. */
  worst(): JudgedCase | undefined {
    return WORST_FIRST.map((kind) => this.#firsts.get(kind)).find((judged) => judged !== undefined);
  }
}

type Reasons = { [K in CaseVerdict["kind"]]: (verdict: Extract<CaseVerdict, { kind: K }>) => string | undefined };

const REASONS: Reasons = {
  violated: ({ violation }) => violation.observed,
  error: ({ reason }) => reason,
  "known-divergence": ({ divergence }) => `${divergence.claim} ${divergence.happens} ${divergence.because}`,
  holds: () => undefined,
  "not-exercised": () => undefined,
};

/** Why a verdict is what it is, for those that need saying. */
function reasonOf<K extends CaseVerdict["kind"]>(verdict: Extract<CaseVerdict, { kind: K }>): { reason?: string } {
  const describe: Reasons[K] = REASONS[verdict.kind as K];
  const reason = describe(verdict);
  return reason === undefined ? {} : { reason };
}

/** What is needed to look at one guarantee on one runtime. */
interface Examination {
  guarantee: Guarantee;
  harness: Harness;
  seed: number;
  signal?: AbortSignal | undefined;
}

/** Shrinks to the smallest case that is violated in the same way: what breaks the case itself is another matter. */
async function shrinkViolation(first: JudgedCase, subject: string, examination: Examination): Promise<Counterexample> {
  const { guarantee, harness, seed, signal } = examination;
  const isSame = ({ verdict, outcome }: JudgedCase): boolean =>
    verdict.kind === "violated" && verdict.violation.subject === subject && isAlone(outcome);
  const shows = async (batch: Scenario[]) => (await judgeBatch(guarantee, batch.map(toCase), harness)).map(isSame);
  const smallest = await shrink(first.item.scenario, isTroubled(first.outcome) ? inTurn(shows) : shows, signal);
  const [again] = await judgeBatch(guarantee, [toCase(smallest)], harness);
  const repeats = again !== undefined && isSame(again);
  return counterexampleOf(repeats ? again : first, repeats, { guarantee, harness, seed });
}

function counterexampleOf(
  { item, outcome, verdict }: JudgedCase,
  repeats: boolean,
  { guarantee, harness, seed }: Examination,
) {
  if (verdict.kind !== "violated" && verdict.kind !== "error")
    throw new Error(`a case that ${verdict.kind} is no counterexample`);
  return toCounterexample(item, { guarantee: guarantee.id, runtime: harness.name, seed, outcome, verdict, repeats });
}

/**
 * The counterexample for the first of the worst cases, if they are bad: shrunk where it is a violation. One that takes
 * other cases before it stays as it is, since what is made of it then depends on them as well.
 */
async function counterexampleFor(
  worst: JudgedCase | undefined,
  examination: Examination,
): Promise<Counterexample | undefined> {
  if (worst?.verdict.kind === "violated" && isAlone(worst.outcome))
    return shrinkViolation(worst, worst.verdict.violation.subject, examination);
  if (worst?.verdict.kind !== "violated" && worst?.verdict.kind !== "error") return undefined;
  return counterexampleOf(worst, attributionOf(worst.outcome)?.repeats ?? false, examination);
}

/**
 * Runs a guarantee's cases on a runtime and judges them; they are drawn as they are needed.
 * @throws {DOMException} AbortError where `signal` is raised between two batches
 */
export async function checkGuarantee(
  guarantee: Guarantee,
  harness: Harness,
  { cases, seed, signal }: { cases: Iterable<Case>; seed: number; signal?: AbortSignal | undefined },
): Promise<GuaranteeOutcome> {
  const base = { guarantee: guarantee.id, runtime: harness.name };
  const isTooOld = harness.linux !== undefined && !isAtLeast(harness.linux, guarantee.since);
  const reason = harness.lacks ?? (isTooOld ? `since Linux ${guarantee.since}` : undefined);
  if (reason !== undefined) return { result: { ...base, verdict: "not-applicable", cases: 0, exercised: 0, reason } };
  const tally = new Tally();
  const judging = inBatches(cases, (batch) => judgeBatch(guarantee, batch, harness), signal);
  for await (const judged of judging) for (const each of judged) tally.add(each);
  const worst = tally.worst();
  const counterexample = await counterexampleFor(worst, { guarantee, harness, seed, signal });
  const result: GuaranteeResult = {
    ...base,
    verdict: worst?.verdict.kind ?? "not-exercised",
    cases: tally.cases,
    exercised: tally.exercised,
    ...(worst === undefined ? {} : reasonOf(counterexample?.verdict ?? worst.verdict)),
  };
  return counterexample === undefined ? { result } : { result, counterexample };
}
