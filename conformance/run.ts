/** A conformance run: guarantees × runtimes, with whatever was found kept when it is cut short. */
import { type Harness, RuntimeUnavailable } from "../harness/harness.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { type Case, drawCases } from "./cases.ts";
import { checkGuarantee, type GuaranteeOutcome } from "./check-guarantee.ts";
import { type Earlier, earlierOf } from "./matrix.ts";
import { RESULTS_SCHEMA_VERSION, type Results, type RuntimeResult } from "./results.ts";
import { checkRuntimeNames, type OpenOptions, openRuntime } from "./runtime.ts";
import { Baton } from "./scheduling/baton.ts";
import { inOrder } from "./scheduling/in-order.ts";

/** The cases of the next guarantees keep the runtime busy while the last ones of this one end and are judged. */
const GUARANTEES_AT_ONCE = 3;

export interface RunOptions extends OpenOptions {
  runtimes: readonly string[];
  guarantees: readonly Guarantee[];
  /** Cases to draw for each guarantee that is not a list. */
  cases: number;
  seed: number;
  /** What an earlier run of the same found before it was cut short: it is not judged again. */
  earlier?: Results | undefined;
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
    const earlier = earlierOf(options.earlier, name);
    if (earlier !== undefined && guarantees.every(({ id }) => earlier.results.has(id))) {
      results.runtimes.push(earlier.runtime);
      results.results.push(...earlier.results.values());
      continue;
    }
    const runtime: RuntimeResult = { name, version: "", status: "ran" };
    results.runtimes.push(runtime);
    try {
      signal?.throwIfAborted();
      await using harness = await openDisposable(name, options);
      runtime.version = harness.version;
      const known = earlier?.runtime.version === harness.version ? earlier.results : undefined;
      /* A guarantee's cases come behind all of the one before, so that verdicts are not all late together. */
      const baton = new Baton();
      const checks = guarantees.map((guarantee) => async () => {
        const before = known?.get(guarantee.id);
        if (before !== undefined) return { before };
        const pass = await baton.take();
        function* cases(): Generator<Case> {
          yield* drawCases(guarantee, seed, options.cases);
          pass();
        }
        try {
          signal?.throwIfAborted();
          return { outcome: await checkGuarantee(guarantee, harness, { cases: cases(), seed, signal }) };
        } finally {
          pass();
        }
      });
      for await (const { before, outcome } of inOrder(checks, GUARANTEES_AT_ONCE)) {
        if (before !== undefined) results.results.push(before);
        if (outcome === undefined) continue;
        signal?.throwIfAborted();
        results.results.push(outcome.result);
        await options.found(outcome, results);
      }
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

/** What was known of a runtime that was not even opened again stays known. */
function keepEarlier(earlier: Earlier | undefined, runtime: RuntimeResult, { results }: Results): void {
  if (earlier === undefined || runtime.version !== "") return;
  runtime.version = earlier.runtime.version;
  results.push(...earlier.results.values());
}

/** A harness that closes when it goes out of scope. */
export async function openDisposable(name: string, options: OpenOptions): Promise<Harness & AsyncDisposable> {
  const harness = await openRuntime(name, options);
  return Object.assign(harness, { [Symbol.asyncDispose]: () => harness.close() });
}
