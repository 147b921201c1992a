/** The results of a conformance run, as they are written to report.json. */
import { z } from "zod";
import { isGreenVerdict, type Verdict, verdictSchema } from "./verdicts.ts";

export { type Verdict, verdictSchema };

export const RESULTS_SCHEMA_VERSION = 2;

export const runtimeResultSchema = z.strictObject({
  name: z.string(),
  /** What it turned out to be; empty where it could not be run. */
  version: z.string(),
  status: z.enum(["ran", "unavailable", "stopped"]),
  /** Why it is unavailable, or stopped early. */
  reason: z.string().optional(),
  /** The guarantees whose cases have all been run and judged: a run that is taken up again leaves them out. */
  drawn: z.array(z.string()).default([]),
});
export type RuntimeResult = z.infer<typeof runtimeResultSchema>;

const count = z.int().nonnegative();

/** How many cases reached the precondition, broke the promise, and broke it in a way that is known or expected. */
export const countsSchema = z.strictObject({ exercised: count, violated: count, excused: count });

export const excuseResultSchema = z.strictObject({
  /** The finding, or the expectation of the user. */
  kind: z.enum(["divergence", "expectation"]),
  name: z.string(),
  reason: z.string(),
  /** In how many cases drawn for the guarantee it was seen, and in how many of all. */
  own: count,
  all: count,
});
export type ExcuseResult = z.infer<typeof excuseResultSchema>;

export const clauseResultSchema = z.strictObject({
  name: z.string(),
  verdict: verdictSchema,
  /** Of the cases that were drawn for its guarantee. */
  own: countsSchema,
  /** Of all traces. */
  all: countsSchema,
  /** Why it was violated, or is not exercised. */
  reason: z.string().optional(),
  excuses: z.array(excuseResultSchema),
  /** Cases in which something came late once, and not when they were run again: the machine's doing. */
  lateOnce: count.default(0),
});
export type ClauseResult = z.infer<typeof clauseResultSchema>;

export const guaranteeResultSchema = z.strictObject({
  guarantee: z.string(),
  runtime: z.string(),
  /** The worst of its clauses' verdicts. */
  verdict: verdictSchema,
  /** Cases that were drawn for it, and those of them that reached every clause. */
  cases: count,
  exercised: count,
  /** Cases that the runtime was not asked, and what most of them take that it lacks. */
  leftOut: z.strictObject({ cases: count, reason: z.string() }).optional(),
  /** Traces that it has judged, its own cases among them, and those that reached one of its clauses at least. */
  traces: count,
  clauses: z.array(clauseResultSchema),
  /** Of a verdict that needs one: why it is not applicable, what the divergence is, what went wrong. */
  reason: z.string().optional(),
  /** Recorded divergences that should show on this runtime, and did not in any case that could have shown them. */
  gone: z.array(z.string()).default([]),
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

/** Whether a result is a verdict yet: until its own cases are run, it only counts what other cases say. */
export const isVerdict = ({ verdict, cases }: GuaranteeResult): boolean => verdict !== "not-exercised" || cases > 0;

/** Whether all that applied held. */
export const isGreen = ({ results }: Results): boolean => results.every(({ verdict }) => isGreenVerdict(verdict));
