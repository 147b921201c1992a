/**
 * Shrinking: from a scenario that shows something to the smallest one found that still does. It works on scenarios
 * and not on what generated them, so that a saved case from anywhere shrinks as well as a fresh one.
 */
import { compile } from "../scenario/compile.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { ScenarioError } from "../scenario/scenario-error.ts";
import { batches } from "./scheduling/batches.ts";
import { breathe } from "./scheduling/breathe.ts";
import { smallerScenarios } from "./smaller-scenarios.ts";

/** How many candidates are tried at once: a harness runs a batch for little more than one. */
const BATCH = 16;

function compiles(scenario: Scenario): boolean {
  try {
    compile(scenario);
    return true;
  } catch (error) {
    if (error instanceof ScenarioError) return false;
    throw error;
  }
}

function* valid(scenarios: Iterable<Scenario>): Generator<Scenario> {
  for (const scenario of scenarios) if (compiles(scenario)) yield scenario;
}

/**
 * Greedily replaces the scenario by the first smaller one that still shows it, until none does.
 * `shows` answers for each scenario of a batch. Once `signal` is raised, the smallest so far is good enough.
 */
export async function shrink(
  scenario: Scenario,
  shows: (batch: Scenario[]) => Promise<boolean[]>,
  signal?: AbortSignal,
): Promise<Scenario> {
  let smallest = scenario;
  for (;;) {
    if (signal?.aborted === true) return smallest;
    const next = await firstThatShows(smallest, shows);
    if (next === undefined) return smallest;
    smallest = next;
  }
}

async function firstThatShows(scenario: Scenario, shows: (batch: Scenario[]) => Promise<boolean[]>) {
  for (const batch of batches(valid(smallerScenarios(scenario)), BATCH)) {
    await breathe(undefined);
    const shown = await shows(batch);
    const first = batch[shown.indexOf(true)];
    if (first !== undefined) return first;
  }
  return undefined;
}
