/** The compiler: a scenario in, bytecode with its log records, BTF, relocations and steps out. */
import { BPF_MAP_TYPE } from "../bpf/uapi.ts";
import { compileProgram } from "./compile-program.ts";
import {
  COMPILED_SCENARIO_FORMAT,
  COMPILED_SCENARIO_VERSION,
  type CompiledMap,
  type CompiledScenario,
  type CompiledStep,
  type Site,
} from "./compiled-scenario.ts";
import { LOG_VALUE_BYTES } from "./log-map.ts";
import { Parameters } from "./parameters.ts";
import type { MapSpec, Scenario, Step } from "./scenario.ts";
import { ScenarioError } from "./scenario-error.ts";
import { ScenarioTypes } from "./scenario-types.ts";
import { valueBytes } from "./value-layout.ts";

const MAP_TYPE: Record<MapSpec["type"], number> = {
  array: BPF_MAP_TYPE.ARRAY,
  hash: BPF_MAP_TYPE.HASH,
  "lru-hash": BPF_MAP_TYPE.LRU_HASH,
  "percpu-array": BPF_MAP_TYPE.PERCPU_ARRAY,
  "percpu-hash": BPF_MAP_TYPE.PERCPU_HASH,
  "lru-percpu-hash": BPF_MAP_TYPE.LRU_PERCPU_HASH,
  "array-of-maps": BPF_MAP_TYPE.ARRAY_OF_MAPS,
  "hash-of-maps": BPF_MAP_TYPE.HASH_OF_MAPS,
};

const KEY_BYTES = 4;

function compileMap(map: MapSpec, index: number, types: ScenarioTypes): CompiledMap {
  return {
    name: `m${index}`,
    kind: map.type,
    type: MAP_TYPE[map.type],
    keySize: KEY_BYTES,
    valueSize: map.value.size,
    maxEntries: map.maxEntries,
    flags: map.flags,
    btfKeyTypeId: map.btf ? types.key : 0,
    btfValueTypeId: map.btf ? types.mapValue(map, index) : 0,
    ...(map.innerMap === undefined ? {} : { innerMap: map.innerMap }),
  };
}

const LOG_MAP: CompiledMap = {
  name: "log",
  kind: "log",
  type: BPF_MAP_TYPE.ARRAY,
  keySize: KEY_BYTES,
  valueSize: LOG_VALUE_BYTES,
  maxEntries: 1,
  flags: 0,
  btfKeyTypeId: 0,
  btfValueTypeId: 0,
};

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
  const types = new ScenarioTypes();
  const sites: Site[] = [];
  const parameters = new Parameters();
  const logMap = scenario.maps.length;
  const maps = [...scenario.maps.map((map, index) => compileMap(map, index, types)), LOG_MAP];
  const programs = scenario.programs.map((_, index) =>
    compileProgram({ scenario, index, logMap, types, sites, parameters }),
  );
  return {
    format: COMPILED_SCENARIO_FORMAT,
    version: COMPILED_SCENARIO_VERSION,
    btf: Buffer.from(types.encode()).toString("hex"),
    maps,
    logMap,
    programs,
    parameters: parameters.encode(),
    steps: scenario.steps.map((step) => compileStep(step, scenario.maps)),
    sites,
  };
}
