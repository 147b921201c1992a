/** The part of a compiled scenario that recurs: its BTF, maps and programs. */
import { BPF_MAP_TYPE } from "../bpf/uapi.ts";
import { compileProgram } from "./compile-program.ts";
import {
  COMPILED_SCENARIO_FORMAT,
  COMPILED_SCENARIO_VERSION,
  type CompiledMap,
  type CompiledScenario,
  type Site,
  type SpecialField,
} from "./compiled-scenario.ts";
import { LOG_VALUE_BYTES } from "./log-map.ts";
import { LOG_MAP_NAME, mapName } from "./names.ts";
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

/** Without BTF nobody knows of them. */
function specialFieldsOf({ value }: MapSpec): SpecialField[] {
  return value.fields.flatMap(({ kind, offset }) => (kind === "u64" ? [] : [{ kind, offset }]));
}

function compileMap(map: MapSpec, index: number, key: number, valueType: number): CompiledMap {
  return {
    name: mapName(index),
    kind: map.type,
    type: MAP_TYPE[map.type],
    keySize: KEY_BYTES,
    valueSize: map.value.size,
    maxEntries: map.maxEntries,
    flags: map.flags,
    btfKeyTypeId: map.btf ? key : 0,
    btfValueTypeId: valueType,
    specialFields: map.btf ? specialFieldsOf(map) : [],
    ...(map.innerMap === undefined ? {} : { innerMap: mapName(map.innerMap) }),
  };
}

const LOG_MAP: CompiledMap = {
  name: LOG_MAP_NAME,
  kind: "log",
  type: BPF_MAP_TYPE.ARRAY,
  keySize: KEY_BYTES,
  valueSize: LOG_VALUE_BYTES,
  maxEntries: 1,
  flags: 0,
  btfKeyTypeId: 0,
  btfValueTypeId: 0,
  specialFields: [],
};

/** What does not depend on the types, sizes and flags of the maps: there are far fewer of these than of shapes. */
interface Code extends Pick<Shape, "btf" | "programs" | "sites"> {
  /** The BTF ids of the key and of each map's value, 0 where the map has none. */
  keyType: number;
  valueTypes: readonly number[];
}

function compileCode(scenario: Scenario): Code {
  const types = new ScenarioTypes();
  const sites: Site[] = [];
  const parameters = new ParameterPlaces();
  const valueTypes = scenario.maps.map((map, index) => (map.btf ? types.mapValue(map, index) : 0));
  const programs = scenario.programs.map((_, index) => compileProgram({ scenario, index, types, sites, parameters }));
  return { btf: Buffer.from(types.encode()).toString("hex"), keyType: types.key, valueTypes, programs, sites };
}

function shapeWith({ maps }: Scenario, { btf, keyType, valueTypes, programs, sites }: Code): Shape {
  return {
    format: COMPILED_SCENARIO_FORMAT,
    version: COMPILED_SCENARIO_VERSION,
    btf,
    maps: [...maps.map((map, index) => compileMap(map, index, keyType, valueTypes[index] as number)), LOG_MAP],
    logMap: LOG_MAP_NAME,
    programs,
    sites,
  };
}

const REMEMBERED_MAX = 4096;

/** What was made of late, by what it was made from. */
class Remembered<T> {
  readonly #made = new Map<string, T>();

  get(key: string, make: () => T): T {
    const known = this.#made.get(key);
    if (known !== undefined) return known;
    // Like cases come one behind the other, so that forgetting all at once costs little.
    if (this.#made.size >= REMEMBERED_MAX) this.#made.clear();
    const made = make();
    this.#made.set(key, made);
    return made;
  }
}

const codes = new Remembered<Code>();
const shapes = new Remembered<Shape>();

/**
 * The shape of a scenario. Scenarios that differ in their steps and in the numbers of their programs alone share one,
 * and those whose maps differ in more than their values share its BTF and its programs. Nobody may change them.
 * @throws {ScenarioError} where an operation names a map, callback or element that does not exist, or there are more
 * numbers than the log map has room for
 */
export function shapeOf(scenario: Scenario): Shape {
  const programs = withoutParameters(scenario.programs);
  return shapes.get(`${JSON.stringify(scenario.maps)}\n${programs}`, () => {
    const values = scenario.maps.map(({ btf, value, innerMap }) => [btf, value, innerMap ?? null]);
    return shapeWith(
      scenario,
      codes.get(`${JSON.stringify(values)}\n${programs}`, () => compileCode(scenario)),
    );
  });
}
