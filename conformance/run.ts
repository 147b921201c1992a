/** A conformance run: guarantees × runtimes, with whatever was found kept when it is cut short. */
import { type Harness, RuntimeUnavailable } from "../harness/harness.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { casesFor } from "./cases.ts";
import { checkGuarantee, type GuaranteeOutcome } from "./check-guarantee.ts";
import { RESULTS_SCHEMA_VERSION, type Results, type RuntimeResult } from "./results.ts";
import { checkRuntimeNames, type OpenOptions, openRuntime } from "./runtime.ts";

export interface RunOptions {
  runtimes: readonly string[];
  guarantees: readonly Guarantee[];
  /** Cases to draw for each guarantee that is not a list. */
  cases: number;
  seed: number;
  signal?: AbortSignal;
  /** A line for the person who waits. */
  progress(line: string): void;
  /** Called as each guarantee is judged, with the results so far, which hold the very result of this outcome. */
  found(outcome: GuaranteeOutcome, results: Results): void | Promise<void>;
}

/**
 * Runs every guarantee on every runtime. A runtime that cannot be had is reported so, and the others go on; after an
 * abort the results so far are returned, marked incomplete.
 * @throws {UnknownRuntime} where a runtime's name means nothing
 */
export async function runConformance(options: RunOptions): Promise<Results> {
  const { seed, guarantees, signal } = options;
  checkRuntimeNames(options.runtimes);
  const results: Results = { schemaVersion: RESULTS_SCHEMA_VERSION, seed, complete: true, runtimes: [], results: [] };
  for (const name of options.runtimes) {
    const runtime: RuntimeResult = { name, version: "", status: "ran" };
    results.runtimes.push(runtime);
    try {
      signal?.throwIfAborted();
      await using harness = await openDisposable(name, options);
      runtime.version = harness.version;
      for (const guarantee of guarantees) {
        const cases = casesFor(guarantee, seed, options.cases);
        const outcome = await checkGuarantee(guarantee, harness, { cases, seed, signal });
        results.results.push(outcome.result);
        await options.found(outcome, results);
      }
    } catch (error) {
      if (error instanceof RuntimeUnavailable) Object.assign(runtime, { status: "unavailable", reason: error.message });
      else if (signal?.aborted === true) Object.assign(runtime, { status: "stopped", reason: "interrupted" });
      else throw error;
    }
  }
  results.complete = results.runtimes.every(({ status }) => status !== "stopped");
  return results;
}

/** A harness that closes when it goes out of scope. */
export async function openDisposable(
  name: string,
  options: Pick<RunOptions, "progress" | "signal"> & Pick<OpenOptions, "once">,
): Promise<Harness & AsyncDisposable> {
  const { progress, signal, once = false } = options;
  const harness = await openRuntime(name, { progress, once, ...(signal === undefined ? {} : { signal }) });
  return Object.assign(harness, { [Symbol.asyncDispose]: () => harness.close() });
}
