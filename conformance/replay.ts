/** Replay: a saved case, with the very bytes it was saved with, on a runtime of choice. */
import { missingFor } from "../harness/features.ts";
import type { Outcome } from "../harness/harness.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { ScenarioError } from "../scenario/scenario-error.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import type { Expectation } from "./expectations.ts";
import { type CaseVerdict, judgeCase, verdictOf } from "./judge-case.ts";
import { inapplicable, Jury } from "./jury.ts";
import { openDisposable } from "./run.ts";
import type { OpenOptions } from "./runtime.ts";

export interface Replay {
  version: string;
  outcome: Outcome;
  /** Absent where the file names no guarantee. */
  verdict?: CaseVerdict;
  /** What the other guarantees say that it breaks. */
  others: { guarantee: Guarantee; verdict: CaseVerdict }[];
}

export interface ReplayOptions extends OpenOptions {
  expectations?: readonly Expectation[];
  /** Who judges; the catalogue of this package where it is left out. */
  catalogue?: readonly Guarantee[];
}

/** What came of the last case, unless one before it, without which it proves nothing, could not be executed. */
function lastOf(outcomes: readonly Outcome[]): Outcome {
  const failed = outcomes.slice(0, -1).find((outcome) => outcome.kind !== "trace");
  if (failed !== undefined) return { kind: "error", reason: `a case that runs before it: ${failed.reason}` };
  return outcomes.at(-1) ?? { kind: "error", reason: "the harness gave no outcome" };
}

/**
 * Executes a saved case, behind those that it has to come after, and lets all guarantees judge it, first the one that
 * the file names.
 * @throws {UnknownRuntime | RuntimeUnavailable} where the runtime cannot be run
 * @throws {ScenarioError} where the file names a guarantee that the catalogue lacks
 */
export async function replay(
  saved: CompiledScenario,
  runtime: string,
  { expectations = [], catalogue: given, ...options }: ReplayOptions,
): Promise<Replay> {
  const { origin, ...compiled } = saved;
  const id = origin?.guarantee;
  const catalogue = given ?? (await loadCatalogue());
  if (id !== undefined && !catalogue.some((entry) => entry.id === id))
    throw new ScenarioError(`the saved case names guarantee ${id}, which is not in the catalogue`);
  await using harness = await openDisposable(runtime, { ...options, guests: 1 });
  const missing = harness.features === undefined ? undefined : missingFor(harness.features, compiled);
  const outcome: Outcome =
    missing === undefined
      ? lastOf(await harness.run([...(origin?.after ?? []), compiled]))
      : { kind: "error", reason: `${runtime} cannot be asked: it lacks ${missing}` };
  const { version } = harness;
  if (origin === undefined) return { version, outcome, others: [] };
  const expected = expectations.filter((each) => each.isFor(runtime));
  const judged = judgeCase(
    new Jury(catalogue, harness, expected),
    { scenario: origin.scenario, compiled },
    outcome,
    expected,
  );
  const others = catalogue
    .filter((guarantee) => guarantee.id !== id && inapplicable(guarantee, harness) === undefined)
    .map((guarantee) => ({ guarantee, verdict: verdictOf(guarantee, { ...judged, trouble: undefined }) }))
    .filter(({ verdict }) => verdict.kind === "violated" || verdict.kind === "known-divergence");
  return { version, outcome, others, ...(id === undefined ? {} : { verdict: verdictOf({ id }, judged) }) };
}
