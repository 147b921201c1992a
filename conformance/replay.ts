/** Replay: a saved case, with the very bytes it was saved with, on a runtime of choice. */
import type { Outcome } from "../harness/harness.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { ScenarioError } from "../scenario/scenario-error.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import { type CaseVerdict, judgeCase } from "./judge-case.ts";
import { openDisposable } from "./run.ts";
import type { OpenOptions } from "./runtime.ts";

export interface Replay {
  version: string;
  outcome: Outcome;
  /** Absent where the file names no guarantee. */
  verdict?: CaseVerdict;
}

/** What came of the last case, unless one before it, without which it proves nothing, could not be executed. */
function lastOf(outcomes: readonly Outcome[]): Outcome {
  const failed = outcomes.slice(0, -1).find((outcome) => outcome.kind !== "trace");
  if (failed !== undefined) return { kind: "error", reason: `a case that runs before it: ${failed.reason}` };
  return outcomes.at(-1) ?? { kind: "error", reason: "the harness gave no outcome" };
}

/**
 * Executes a saved case, behind those that it has to come after; where it names a guarantee, that guarantee judges it.
 * @throws {UnknownRuntime | RuntimeUnavailable} where the runtime cannot be run
 * @throws {ScenarioError} where the file names a guarantee that the catalogue lacks
 */
export async function replay(saved: CompiledScenario, runtime: string, options: OpenOptions): Promise<Replay> {
  const { origin, ...compiled } = saved;
  const id = origin?.guarantee;
  const guarantee = (await loadCatalogue()).find((entry) => entry.id === id);
  if (id !== undefined && guarantee === undefined)
    throw new ScenarioError(`the saved case names guarantee ${id}, which is not in the catalogue`);
  await using harness = await openDisposable(runtime, { ...options, guests: 1 });
  const outcome = lastOf(await harness.run([...(origin?.after ?? []), compiled]));
  if (guarantee === undefined || origin === undefined) return { version: harness.version, outcome };
  const verdict = judgeCase(guarantee, { scenario: origin.scenario, compiled }, outcome, harness);
  return { version: harness.version, outcome, verdict };
}
