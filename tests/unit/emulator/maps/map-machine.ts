/** A machine that has maps and nothing else: what the tests of maps share. */
import { BtfWriter, readBtf } from "../../../../bpf/btf.ts";
import { BPF_MAP_TYPE } from "../../../../bpf/uapi.ts";
import { offsetOf, regionOf } from "../../../../harness/emulator/address.ts";
import type { BpfMap, MapHost } from "../../../../harness/emulator/maps/bpf-map.ts";
import { createMap } from "../../../../harness/emulator/maps/create-map.ts";
import { Memory } from "../../../../harness/emulator/memory.ts";
import { type Profile, profiles } from "../../../../harness/emulator/profiles.ts";
import { NO_SPECIAL_FIELDS, type SpecialFields } from "../../../../harness/emulator/special-fields.ts";
import type { CompiledMap } from "../../../../scenario/compiled-scenario.ts";

const NO_TYPES = readBtf(new BtfWriter().encode());

/** A host whose `cpu` can be set, and which notes the timers that are freed and the maps that are put. */
export function machine(version = "7.2") {
  const freed: number[] = [];
  const put: BpfMap[] = [];
  const host = {
    memory: new Memory(),
    profile: profiles[version] as Profile,
    processors: 2,
    cpu: 0,
    freeTimer: (address: number) => void freed.push(address),
    putMap: (map: BpfMap) => void put.push(map),
  } satisfies MapHost;
  return { host, freed, put };
}

/** The attributes of a hash map of two elements of 8 bytes, changed as given. */
export const specOf = (more: Partial<CompiledMap> = {}): CompiledMap => ({
  name: "m",
  kind: "hash",
  type: BPF_MAP_TYPE.HASH,
  keySize: 4,
  valueSize: 8,
  maxEntries: 2,
  flags: 0,
  btfKeyTypeId: 0,
  btfValueTypeId: 0,
  specialFields: [],
  ...more,
});

/** Special fields at the given offsets. */
export const fieldsAt = (offsets: Partial<SpecialFields>): SpecialFields => ({
  ...NO_SPECIAL_FIELDS,
  hasBtf: true,
  ...offsets,
});

/** BPF_MAP_CREATE without BTF. */
export const create = (host: MapHost, more: Partial<CompiledMap> = {}, inner?: BpfMap): BpfMap | number =>
  createMap(host, specOf(more), NO_TYPES, inner);

/** The same, of a map that can be created. */
export function created(host: MapHost, more: Partial<CompiledMap> = {}, inner?: BpfMap): BpfMap {
  const map = create(host, more, inner);
  if (typeof map === "number") throw new Error(`no map: ${map}`);
  return map;
}

/** The bytes in memory from an address on. */
export const bytesAt = ({ memory }: MapHost, address: number, bytes: number): Uint8Array =>
  memory.slice(regionOf(address), offsetOf(address), bytes);
