/** The compiler: a scenario in, bytecode with its log records, BTF, relocations and steps out. */
import type { CompiledScenario, CompiledStep } from "./compiled-scenario.ts";
import { keyText } from "./key.ts";
import { mapName, programName } from "./names.ts";
import { encodeParameters } from "./parameters.ts";
import type { MapSpec, Scenario, Step } from "./scenario.ts";
import { ScenarioError } from "./scenario-error.ts";
import { shapeOf } from "./shape.ts";
import { valueBytes } from "./value-layout.ts";

/** The bytes that an update writes; of an of-maps type, the map whose descriptor they are. */
function writtenBy({ map: mapIndex, payload, fill }: Extract<Step, { kind: "update" }>, maps: readonly MapSpec[]) {
  const map = maps[mapIndex];
  if (map === undefined) throw new ScenarioError(`an update step names map ${mapIndex}, which the scenario lacks`);
  if (map.innerMap === undefined) return { value: Buffer.from(valueBytes(map, payload, fill)).toString("hex") };
  return { value: "00".repeat(map.value.size), valueMap: mapName(payload) };
}

function compileStep(step: Step, maps: readonly MapSpec[]): CompiledStep {
  switch (step.kind) {
    case "update":
      return {
        kind: "update",
        map: mapName(step.map),
        key: keyText(step.key),
        ...writtenBy(step, maps),
        flags: step.flags,
      };
    case "delete":
    case "lookup":
      return { kind: step.kind, map: mapName(step.map), key: keyText(step.key) };
    default:
      if ("map" in step) return { kind: step.kind, map: mapName(step.map) };
      if ("program" in step) return { ...step, program: programName(step.program) };
      return step;
  }
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
