/** The compiler: a scenario in, bytecode with its log records, BTF, relocations and steps out. */
import type { CompiledScenario, CompiledStep } from "./compiled-scenario.ts";
import { encodeParameters } from "./parameters.ts";
import type { MapSpec, Scenario, Step } from "./scenario.ts";
import { ScenarioError } from "./scenario-error.ts";
import { shapeOf } from "./shape.ts";
import { valueBytes } from "./value-layout.ts";

function compileStep(step: Step, maps: readonly MapSpec[]): CompiledStep {
  if (step.kind !== "update") return step;
  const { kind, map: mapIndex, key, flags, payload, fill } = step;
  const map = maps[mapIndex];
  if (map === undefined) throw new ScenarioError(`an update step names map ${mapIndex}, which the scenario lacks`);
  const bytes = map.innerMap === undefined ? valueBytes(map, payload, fill) : new Uint8Array(map.value.size);
  const value = Buffer.from(bytes).toString("hex");
  return { kind, map: mapIndex, key, value, ...(map.innerMap === undefined ? {} : { valueMap: payload }), flags };
}

function checkStep(scenario: Scenario, step: Step, at: number): void {
  if ("map" in step && scenario.maps[step.map] === undefined)
    throw new ScenarioError(`step ${at} (${step.kind}) names map ${step.map}, which the scenario lacks`);
  if ("program" in step && scenario.programs[step.program] === undefined)
    throw new ScenarioError(`step ${at} (${step.kind}) names program ${step.program}, which the scenario lacks`);
}

/**
 * Compiles a scenario. The same scenario always gives the same bytes.
 * @throws {ScenarioError} where an operation names a map, callback or element that does not exist, or there are more
 * numbers than the log map has room for
 */
export function compile(scenario: Scenario): CompiledScenario {
  scenario.steps.forEach((step, at) => {
    checkStep(scenario, step, at);
  });
  const { format, version, btf, maps, logMap, programs, sites } = shapeOf(scenario);
  return {
    format,
    version,
    btf,
    maps,
    logMap,
    programs,
    parameters: encodeParameters(scenario.programs),
    steps: scenario.steps.map((step) => compileStep(step, scenario.maps)),
    sites,
  };
}
