/**
 * Cases for runtimes that call back late: where time is real, and a machine slow or busy, a callback may come later
 * than generated cases wait for it. Every delay is made as many times longer as it takes.
 */
import type { Clock } from "../harness/harness.ts";
import type { Operation, Scenario, Step } from "../scenario/scenario.ts";

/** Up to this bound cases are as they are drawn: they wait 20 ms longer than their timers. */
const LATENESS_NS = 10_000_000;

/** Longer delays are not waited for, and some are numbers of a special kind: a sign, an overflow. */
const DELAY_MAX_NS = 3_600_000_000_000;

/** How many times longer delays have to be on a runtime with that clock. */
export function stretchFor({ kind, latenessNs }: Clock): number {
  return kind === "virtual" ? 1 : Math.max(1, Math.ceil(latenessNs / LATENESS_NS));
}

const isDelay = (ns: number | string): ns is number => typeof ns === "number" && ns <= DELAY_MAX_NS;

/** A scenario in which every delay is so many times longer: those of timers, and what user space waits. */
export function stretch(scenario: Scenario, factor: number): Scenario {
  if (factor === 1) return scenario;
  const operation = (each: Operation): Operation =>
    each.kind === "timer-start" && isDelay(each.ns) ? { ...each, ns: each.ns * factor } : each;
  const step = (each: Step): Step => (each.kind === "advance" ? { ...each, ns: each.ns * factor } : each);
  return {
    ...scenario,
    programs: scenario.programs.map((program) => ({
      ...program,
      operations: program.operations.map(operation),
      callbacks: program.callbacks.map((callback) => ({ ...callback, operations: callback.operations.map(operation) })),
    })),
    steps: scenario.steps.map(step),
  };
}
