/** The cases of a guarantee: drawn from its arbitrary with a seed of its own, or its whole list. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { compile } from "../scenario/compile.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Guarantee } from "../specs/guarantee.ts";

export interface Case {
  scenario: Scenario;
  compiled: CompiledScenario;
}

export const toCase = (scenario: Scenario): Case => ({ scenario, compiled: compile(scenario) });

/** The same seed and subject always give the same 32-bit seed, whatever else runs. */
export function seedFor(seed: number, subject: string): number {
  return createHash("sha256").update(`${seed}/${subject}`).digest().readInt32LE(0);
}

/** `count` cases for a guarantee, or as many as it lists; each is compiled only when it is asked for. */
export function* drawCases({ id, scenarios }: Guarantee, seed: number, count: number): Generator<Case> {
  const drawn = Array.isArray(scenarios)
    ? (scenarios as readonly Scenario[])
    : fc.sample(scenarios as fc.Arbitrary<Scenario>, { seed: seedFor(seed, id), numRuns: count });
  for (const scenario of drawn) yield toCase(scenario);
}

/** The same, all at once. */
export const casesFor = (guarantee: Guarantee, seed: number, count: number): Case[] => [
  ...drawCases(guarantee, seed, count),
];
