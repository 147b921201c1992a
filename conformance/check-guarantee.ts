/** One guarantee on one runtime: all its cases, the verdict over them, and the shrunk counterexample. */
import type { Harness } from "../harness/harness.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { isAtLeast } from "../specs/version.ts";
import { type Case, toCase } from "./cases.ts";
import { type Counterexample, toCounterexample } from "./counterexample.ts";
import { type CaseVerdict, judgeCase } from "./judge-case.ts";
import type { GuaranteeResult, Verdict } from "./results.ts";
import { shrink } from "./shrink.ts";

/** How many cases a harness is handed at once. */
const BATCH = 50;

export interface GuaranteeOutcome {
  result: GuaranteeResult;
  counterexample?: Counterexample;
}

async function judgeBatch(guarantee: Guarantee, cases: readonly Case[], harness: Harness): Promise<CaseVerdict[]> {
  const outcomes = await harness.run(cases.map(({ compiled }) => compiled));
  return cases.map((item, index) => {
    const outcome = outcomes[index] ?? { kind: "error", reason: "the harness gave no outcome for this case" };
    return judgeCase(guarantee, item, outcome, harness);
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

function summarize(verdicts: readonly CaseVerdict[]): { verdict: Verdict; reason?: string } {
  const verdict = WORST_FIRST.find((kind) => verdicts.some((item) => item.kind === kind)) ?? "not-exercised";
  const first = verdicts.find((item) => item.kind === verdict);
  if (first?.kind === "error") return { verdict, reason: first.reason };
  if (first?.kind === "known-divergence") return { verdict, reason: first.divergence.happens };
  if (first?.kind === "violated") return { verdict, reason: first.violation.observed };
  return { verdict };
}

/** Shrinks to the smallest case that is violated in the same way: what breaks the case itself is another matter. */
async function shrinkViolation(
  guarantee: Guarantee,
  found: Case,
  harness: Harness,
  seed: number,
): Promise<Counterexample | undefined> {
  const [original] = await judgeBatch(guarantee, [found], harness);
  if (original?.kind !== "violated") return undefined;
  const isViolated = (verdict: CaseVerdict): boolean =>
    verdict.kind === "violated" && verdict.violation.subject === original.violation.subject;
  const smallest = toCase(
    await shrink(found.scenario, async (batch) =>
      (await judgeBatch(guarantee, batch.map(toCase), harness)).map(isViolated),
    ),
  );
  const [verdict] = await judgeBatch(guarantee, [smallest], harness);
  if (verdict?.kind !== "violated") return undefined;
  return toCounterexample(smallest, { guarantee: guarantee.id, runtime: harness.name, seed, ...verdict });
}

/**
 * Runs a guarantee's cases on a runtime and judges them.
 * @throws {DOMException} AbortError where `signal` is raised between two batches
 */
export async function checkGuarantee(
  guarantee: Guarantee,
  harness: Harness,
  { cases, seed, signal }: { cases: readonly Case[]; seed: number; signal?: AbortSignal | undefined },
): Promise<GuaranteeOutcome> {
  const base = { guarantee: guarantee.id, runtime: harness.name };
  if (harness.linux !== undefined && !isAtLeast(harness.linux, guarantee.since))
    return {
      result: { ...base, verdict: "not-applicable", cases: 0, exercised: 0, reason: `since Linux ${guarantee.since}` },
    };
  const verdicts: CaseVerdict[] = [];
  for (let from = 0; from < cases.length; from += BATCH) {
    signal?.throwIfAborted();
    verdicts.push(...(await judgeBatch(guarantee, cases.slice(from, from + BATCH), harness)));
  }
  const exercised = verdicts.filter(({ kind }) => kind !== "not-exercised" && kind !== "error").length;
  const result: GuaranteeResult = { ...base, ...summarize(verdicts), cases: cases.length, exercised };
  const violated = cases[verdicts.findIndex(({ kind }) => kind === "violated")];
  if (violated === undefined) return { result };
  const counterexample = await shrinkViolation(guarantee, violated, harness, seed);
  return counterexample === undefined ? { result } : { result, counterexample };
}
