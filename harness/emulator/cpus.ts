/** The processors of the machine. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";

/** How many there are at most. */
export const CPU_COUNT = 2;

/**
 * How many the machine of a scenario has, as many as the virtual machine that a real kernel runs it in: one, and two
 * where a step names a second.
 */
export function processorsFor({ steps }: CompiledScenario): number {
  return steps.some((step) => step.kind === "run" && (step.cpu ?? 0) > 0) ? CPU_COUNT : 1;
}
