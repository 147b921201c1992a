/** A counterexample: a case that breaks a guarantee, or that a runtime did not survive, with all it takes to run it again. */
import type { Outcome } from "../harness/harness.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { attributionOf } from "./health.ts";
import type { CaseVerdict, JudgedCase } from "./judge-case.ts";

/** Verdicts that are worth keeping their case for. */
export type BadVerdict = Extract<CaseVerdict, { kind: "violated" | "error" }>;

export interface Counterexample {
  guarantee: string;
  runtime: string;
  /** The case with its origin, as it is saved. */
  compiled: CompiledScenario;
  outcome: Outcome;
  verdict: BadVerdict;
  /** Whether it was seen again when it was run again; a case that ended its guest is not tried twice. */
  repeats: boolean;
}

/** Joins a case with what came of it. */
export function toCounterexample(
  { item: { scenario, compiled }, outcome }: JudgedCase,
  found: Omit<Counterexample, "compiled" | "outcome"> & { seed: number },
): Counterexample {
  const { guarantee, runtime, seed, verdict, repeats } = found;
  const { expected, observed } =
    verdict.kind === "violated" ? verdict.violation : { expected: "a trace", observed: verdict.reason };
  const after = attributionOf(outcome)?.after ?? [];
  const seen = { expected, observed, ...(after.length === 0 ? {} : { after: [...after] }) };
  const origin = { scenario, guarantee, runtimes: [runtime], seed, ...seen };
  return { guarantee, runtime, compiled: { ...compiled, origin }, outcome, verdict, repeats };
}
