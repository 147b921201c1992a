/** The results of a conformance run, as they are written to report.json. */
import { z } from "zod";

export const RESULTS_SCHEMA_VERSION = 1;

export const verdictSchema = z.enum([
  "holds",
  "violated",
  "not-exercised",
  "not-applicable",
  "known-divergence",
  "error",
]);
export type Verdict = z.infer<typeof verdictSchema>;

export const runtimeResultSchema = z.strictObject({
  name: z.string(),
  /** What it turned out to be; empty where it could not be run. */
  version: z.string(),
  status: z.enum(["ran", "unavailable", "stopped"]),
  /** Why it is unavailable, or stopped early. */
  reason: z.string().optional(),
});
export type RuntimeResult = z.infer<typeof runtimeResultSchema>;

export const guaranteeResultSchema = z.strictObject({
  guarantee: z.string(),
  runtime: z.string(),
  verdict: verdictSchema,
  /** Cases that were run, and those of them that reached the precondition. */
  cases: z.int().nonnegative(),
  exercised: z.int().nonnegative(),
  /** Of a verdict that needs one: why it is not applicable, what the divergence is, what went wrong. */
  reason: z.string().optional(),
  /** The saved case, beside report.json. */
  counterexample: z.string().optional(),
});
export type GuaranteeResult = z.infer<typeof guaranteeResultSchema>;

export const resultsSchema = z.strictObject({
  schemaVersion: z.literal(RESULTS_SCHEMA_VERSION),
  seed: z.int(),
  /** Whether every guarantee was judged on every runtime that ran; false after an interruption. */
  complete: z.boolean(),
  runtimes: z.array(runtimeResultSchema),
  results: z.array(guaranteeResultSchema),
});
export type Results = z.infer<typeof resultsSchema>;

/** Verdicts after which a run is not green. */
const NOT_GREEN: ReadonlySet<Verdict> = new Set(["violated", "not-exercised", "error"]);

/** Whether all that applied held. */
export const isGreen = ({ results }: Results): boolean => results.every(({ verdict }) => !NOT_GREEN.has(verdict));
