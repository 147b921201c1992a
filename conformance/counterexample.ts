/** A counterexample: the smallest case found that breaks a guarantee, with all that is needed to run it again. */
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import type { History } from "../scenario/history.ts";
import type { Violation } from "../specs/guarantee.ts";
import type { Case } from "./cases.ts";

export interface Counterexample {
  guarantee: string;
  runtime: string;
  compiled: CompiledScenario;
  violation: Violation;
  history: History;
}

/** The saved form: the compiled scenario with its origin. */
export function toCounterexample(
  { scenario, compiled }: Case,
  { guarantee, runtime, seed, violation, history }: Omit<Counterexample, "compiled"> & { seed: number },
): Counterexample {
  const { expected, observed } = violation;
  const origin = { scenario, guarantee, runtimes: [runtime], seed, expected, observed };
  return { guarantee, runtime, compiled: { ...compiled, origin }, violation, history };
}
