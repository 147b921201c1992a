/** One guarantee on one runtime, judged by itself alone. */
import type { Harness } from "../harness/harness.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import type { Case } from "./cases.ts";
import { checkGuarantees } from "./check-guarantees.ts";
import type { Counterexample } from "./counterexample.ts";
import type { GuaranteeResult } from "./results.ts";

export interface GuaranteeOutcome {
  result: GuaranteeResult;
  counterexample?: Counterexample;
}

/**
 * Runs cases of a guarantee on a runtime and judges them; they are drawn as they are needed.
 * @throws {DOMException} AbortError where `signal` is raised between two batches
 */
export async function checkGuarantee(
  guarantee: Guarantee,
  harness: Harness,
  { cases, seed, signal }: { cases: Iterable<Case>; seed: number; signal?: AbortSignal | undefined },
): Promise<GuaranteeOutcome> {
  let counterexample: Counterexample | undefined;
  const found = async (each: Counterexample): Promise<undefined> => {
    counterexample = each;
  };
  const judges = { drawn: [guarantee], catalogue: [guarantee] };
  for await (const { results } of checkGuarantees(harness, { ...judges, casesOf: () => cases, seed, signal, found })) {
    const [result] = results;
    if (result !== undefined) return counterexample === undefined ? { result } : { result, counterexample };
  }
  throw new Error("a guarantee that was checked has a result");
}
