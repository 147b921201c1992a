/** The maps of an object: variables of `.maps` whose types say what they are, as the macros of bpf_helpers.h write them. */
import { BTF_INT, type BtfWriter } from "../../bpf/btf.ts";
import type { ElfSymbol, ElfWriter } from "../../bpf/elf-writer.ts";
import type { CompiledMap } from "../compiled-scenario.ts";
import { ScenarioError } from "../scenario-error.ts";

const POINTER_BYTES = 8;

interface Member {
  name: string;
  typeId: number;
}

class MapTypes {
  readonly #btf: BtfWriter;
  readonly #maps: readonly CompiledMap[];
  readonly #int: number;

  constructor(btf: BtfWriter, maps: readonly CompiledMap[]) {
    this.#btf = btf;
    this.#maps = maps;
    this.#int = btf.int("int", 4, BTF_INT.SIGNED);
  }

  /**
   * The struct that describes a map, and its size.
   * @throws {ScenarioError} where its inner map is missing or has inner maps itself
   */
  define({ name, innerMap, ...map }: CompiledMap): { typeId: number; sizeBytes: number } {
    const members: Member[] = [
      this.#number("type", map.type),
      map.btfKeyTypeId === 0 ? this.#number("key_size", map.keySize) : this.#pointer("key", map.btfKeyTypeId),
      ...(innerMap === undefined ? [this.#value(map)] : []),
      this.#number("max_entries", map.maxEntries),
      this.#number("map_flags", map.flags),
      // libbpf wants it last.
      ...(innerMap === undefined ? [] : [this.#inner(name, innerMap)]),
    ];
    const placed = members.map((member, at) => ({ ...member, offsetBytes: at * POINTER_BYTES }));
    // The array of inner maps takes no room in the struct.
    const sizeBytes = (members.length - (innerMap === undefined ? 0 : 1)) * POINTER_BYTES;
    return { typeId: this.#btf.struct("", sizeBytes, placed), sizeBytes };
  }

  /** `int (*name)[number]`. */
  #number(name: string, number: number): Member {
    return this.#pointer(name, this.#btf.array(this.#int, this.#int, number));
  }

  /** `type *name`. */
  #pointer(name: string, typeId: number): Member {
    return { name, typeId: this.#btf.ptr(typeId) };
  }

  #value({ btfValueTypeId, valueSize }: Omit<CompiledMap, "name">): Member {
    return btfValueTypeId === 0 ? this.#number("value_size", valueSize) : this.#pointer("value", btfValueTypeId);
  }

  /** `struct { … } *values[]`. */
  #inner(outer: string, inner: string): Member {
    const map = this.#maps.find(({ name }) => name === inner);
    if (map === undefined) throw new ScenarioError(`map ${outer} is to hold maps like ${inner}, which there is not`);
    if (map.innerMap !== undefined)
      throw new ScenarioError(`map ${outer} holds maps of maps of maps, which libbpf does not know`);
    const pointer = this.#btf.ptr(this.define(map).typeId);
    return { name: "values", typeId: this.#btf.array(pointer, this.#int, 0) };
  }
}

/**
 * Adds maps to an object, and gives the symbol of each.
 * @param all the scenario's maps, to find inner ones in
 * @throws {ScenarioError} where a map cannot be written so that libbpf knows it
 */
export function addMaps(
  elf: ElfWriter,
  btf: BtfWriter,
  maps: readonly CompiledMap[],
  all: readonly CompiledMap[],
): Map<string, ElfSymbol> {
  if (maps.length === 0) return new Map();
  const types = new MapTypes(btf, all);
  let end = 0;
  const placed = maps.map((map) => {
    const { typeId, sizeBytes } = types.define(map);
    const offsetBytes = end;
    end += sizeBytes;
    return { name: map.name, typeId: btf.variable(map.name, typeId), offsetBytes, sizeBytes };
  });
  btf.dataSection(".maps", end, placed);
  const section = elf.section({ name: ".maps", flags: ["write", "alloc"], bytes: new Uint8Array(end) });
  const symbols = placed.map(
    ({ name, offsetBytes, sizeBytes }) =>
      [name, elf.symbol({ name, section, offsetBytes, sizeBytes, type: "object", binding: "global" })] as const,
  );
  return new Map(symbols);
}
