/** Verdicts: what is said of a guarantee, and of each of its clauses, on a runtime. The one order of them is here. */
import { z } from "zod";

/** The worst first: what a guarantee's verdict is, given those of its clauses, and in what order they are counted. */
export const verdictSchema = z.enum([
  "violated",
  "error",
  "not-exercised",
  "known-divergence",
  "holds",
  "not-applicable",
]);
export type Verdict = z.infer<typeof verdictSchema>;

export const VERDICTS: readonly Verdict[] = verdictSchema.options;

/** Verdicts after which a run is not green. */
const NOT_GREEN: ReadonlySet<Verdict> = new Set(["violated", "not-exercised", "error"]);

export const isGreenVerdict = (verdict: Verdict): boolean => !NOT_GREEN.has(verdict);

/** The worst of some verdicts; undefined of none. */
export const worstOf = (verdicts: readonly Verdict[]): Verdict | undefined =>
  VERDICTS.find((verdict) => verdicts.includes(verdict));
