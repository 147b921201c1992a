/** A case that shows a recorded divergence, as small as it gets: always the same one for the same runtime. */
import type { Harness } from "../harness/harness.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import type { Divergence } from "../specs/divergences.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { type Case, casesFor, toCase } from "./cases.ts";
import { judgeBatch, verdictOf } from "./judge-case.ts";
import { type Excuse, Jury } from "./jury.ts";
import { shrink } from "./shrink.ts";

const SEED = 1;
const CASES = 200;

const isOf = (excuse: Excuse, divergence: Divergence): boolean =>
  excuse.kind === "divergence" && excuse.divergence === divergence;

/** Which of these cases are explained by this divergence on the runtime. */
async function showing(
  cases: readonly Case[],
  guarantee: Guarantee,
  divergence: Divergence,
  harness: Harness,
): Promise<boolean[]> {
  const judged = await judgeBatch(cases, { harness, jury: new Jury([guarantee], harness) });
  return judged.map((each) => {
    const verdict = verdictOf(guarantee, each);
    return verdict.kind === "known-divergence" && isOf(verdict.excuse, divergence);
  });
}

/** The smallest case found that shows the divergence, with its origin; undefined where none of the drawn ones does. */
export async function divergentCase(
  divergence: Divergence,
  guarantee: Guarantee,
  harness: Harness,
): Promise<CompiledScenario | undefined> {
  const cases = casesFor(guarantee, SEED, CASES);
  const shown = await showing(cases, guarantee, divergence, harness);
  const first = cases[shown.indexOf(true)];
  if (first === undefined) return undefined;
  const smallest = await shrink(first.scenario, (batch) => showing(batch.map(toCase), guarantee, divergence, harness));
  const { scenario, compiled } = toCase(smallest);
  const { claim: expected, happens: observed } = divergence;
  const origin = { scenario, guarantee: guarantee.id, runtimes: [harness.name], seed: SEED, expected, observed };
  return { ...compiled, origin };
}
