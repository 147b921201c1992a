/** A whole conformance run: guarantees × runtimes, with whatever was found kept when it is cut short. */
import { type Harness, RuntimeUnavailable } from "../harness/harness.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { drawCases } from "./cases.ts";
import { checkGuarantees } from "./check-guarantees.ts";
import { combine } from "./combine.ts";
import type { Expectation } from "./expectations.ts";
import { type Earlier, earlierOf } from "./matrix.ts";
import { type GuaranteeResult, RESULTS_SCHEMA_VERSION, type Results, type RuntimeResult } from "./results.ts";
import { checkRuntimeNames, type OpenOptions, openRuntime } from "./runtime.ts";
import type { Show } from "./shown.ts";

export interface RunOptions extends OpenOptions {
  runtimes: readonly string[];
  /** Whose cases are drawn. */
  guarantees: readonly Guarantee[];
  /** Who judges every trace. */
  catalogue: readonly Guarantee[];
  expectations?: readonly Expectation[];
  /** Cases to draw for each guarantee that is not a list. */
  cases: number;
  seed: number;
  /** What an earlier run of the same found before it was cut short: its cases are not run again. */
  earlier?: Results | undefined;
  /** Called for the smallest case of each guarantee that is violated; gives the name under which it was saved. */
  found: Show;
  /** Called once the cases of a guarantee are judged, with its result so far and all the others. */
  judged(result: GuaranteeResult, results: Results): Promise<void>;
}

/**
 * Runs the cases of every guarantee on every runtime, and judges each trace by the whole catalogue. A runtime that
 * cannot be had is reported so, and the others go on; after an abort the results so far are returned, marked incomplete.
 * @throws {UnknownRuntime} where a runtime's name means nothing
 */
export async function runConformance(options: RunOptions): Promise<Results> {
  const { seed, signal } = options;
  checkRuntimeNames(options.runtimes);
  const results: Results = { schemaVersion: RESULTS_SCHEMA_VERSION, seed, complete: true, runtimes: [], results: [] };
  for (const name of options.runtimes) {
    const earlier = earlierOf(options.earlier, name);
    const runtime: RuntimeResult = { name, version: "", status: "ran", drawn: [] };
    results.runtimes.push(runtime);
    try {
      await runOn(runtime, results, earlier, options);
    } catch (error) {
      if (error instanceof RuntimeUnavailable) Object.assign(runtime, { status: "unavailable", reason: error.message });
      else if (signal?.aborted === true) {
        Object.assign(runtime, { status: "stopped", reason: "interrupted" });
        keepEarlier(earlier, runtime, results);
      } else throw error;
    }
  }
  results.complete = results.runtimes.every(({ status }) => status !== "stopped");
  return results;
}

/** Runs what is left to run on one runtime; its part of the results is replaced as it grows. */
async function runOn(
  runtime: RuntimeResult,
  results: Results,
  earlier: Earlier | undefined,
  options: RunOptions,
): Promise<void> {
  const { guarantees, signal } = options;
  const isDone = guarantees.every(({ id }) => earlier?.runtime.drawn.includes(id) === true);
  if (earlier !== undefined && isDone) {
    Object.assign(runtime, earlier.runtime);
    results.results.push(...earlier.results.values());
    return;
  }
  signal?.throwIfAborted();
  await using harness = await openDisposable(runtime.name, options);
  runtime.version = harness.version;
  const known = earlier?.runtime.version === harness.version ? earlier : undefined;
  runtime.drawn = [...(known?.runtime.drawn ?? [])];
  const before = results.results;
  const casesOf = (guarantee: Guarantee) => drawCases(guarantee, options.seed, options.cases);
  const drawn = guarantees.filter(({ id }) => !runtime.drawn.includes(id));
  for await (const progress of checkGuarantees(harness, {
    ...options,
    drawn,
    casesOf,
    known: new Set(known?.results.keys()),
  })) {
    const combined = joined(options.catalogue, known, progress.results);
    results.results = [...before, ...combined];
    const { id } = progress.drawn;
    const result = combined.find(({ guarantee }) => guarantee === id);
    // An error is no verdict: the cases are run again when the run is taken up again.
    if (result?.verdict !== "error") runtime.drawn.push(id);
    if (result !== undefined) await options.judged(result, results);
    signal?.throwIfAborted();
  }
}

/** What was found before and since, in the order of the catalogue. */
function joined(
  catalogue: readonly Guarantee[],
  known: Earlier | undefined,
  since: readonly GuaranteeResult[],
): GuaranteeResult[] {
  return catalogue.flatMap(({ id }): GuaranteeResult[] => {
    const before = known?.results.get(id);
    const now = since.find(({ guarantee }) => guarantee === id);
    if (before === undefined || now === undefined) return [before ?? now ?? []].flat();
    return [combine(before, now)];
  });
}

/** What was known of a runtime that was not even opened again stays known. */
function keepEarlier(earlier: Earlier | undefined, runtime: RuntimeResult, results: Results): void {
  if (earlier === undefined || runtime.version !== "") return;
  Object.assign(runtime, { version: earlier.runtime.version, drawn: earlier.runtime.drawn });
  results.results.push(...earlier.results.values());
}

/** A harness that closes when it goes out of scope. */
export async function openDisposable(name: string, options: OpenOptions): Promise<Harness & AsyncDisposable> {
  const harness = await openRuntime(name, options);
  return Object.assign(harness, { [Symbol.asyncDispose]: () => harness.close() });
}
