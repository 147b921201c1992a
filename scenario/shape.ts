/** The part of a compiled scenario that recurs: its BTF, maps and programs. */
import { BPF_MAP_TYPE } from "../bpf/uapi.ts";
import { compileProgram } from "./compile-program.ts";
import {
  COMPILED_SCENARIO_FORMAT,
  COMPILED_SCENARIO_VERSION,
  type CompiledMap,
  type CompiledScenario,
  type Site,
} from "./compiled-scenario.ts";
import { LOG_VALUE_BYTES } from "./log-map.ts";
import { ParameterPlaces, withoutParameters } from "./parameters.ts";
import type { MapSpec, Scenario } from "./scenario.ts";
import { ScenarioTypes } from "./scenario-types.ts";

/** All of a compiled scenario but what one case does with it. */
export type Shape = Omit<CompiledScenario, "parameters" | "steps" | "origin">;

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

function compileShape(scenario: Scenario): Shape {
  const types = new ScenarioTypes();
  const sites: Site[] = [];
  const parameters = new ParameterPlaces();
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
    sites,
  };
}

const REMEMBERED_MAX = 2048;
/** The shapes compiled last, by what they were compiled from; the one used last comes last. */
const remembered = new Map<string, Shape>();

/**
 * The shape of a scenario. Scenarios that differ in their steps and in the numbers of their programs alone share one,
 * which nobody may change.
 * @throws {ScenarioError} where an operation names a map, callback or element that does not exist, or there are more
 * numbers than the log map has room for
 */
export function shapeOf(scenario: Scenario): Shape {
  const key = `${JSON.stringify(scenario.maps)}\n${withoutParameters(scenario.programs)}`;
  const shape = remembered.get(key) ?? compileShape(scenario);
  remembered.delete(key);
  remembered.set(key, shape);
  for (const oldest of remembered.keys()) {
    if (remembered.size <= REMEMBERED_MAX) break;
    remembered.delete(oldest);
  }
  return shape;
}
