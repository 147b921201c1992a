/** Relocatable ELF objects for BPF: 64 bits, little-endian, as `clang --target=bpf -c` makes them. */
import {
  ELF_HEADER_BYTES,
  ELF_IDENT,
  ELF_MAGIC,
  ELF_VERSION,
  EM_BPF,
  ET_REL,
  RELOCATION_BYTES,
  RELOCATION_TYPE,
  type RelocationType,
  SECTION_FLAG,
  SECTION_HEADER_BYTES,
  SECTION_TYPE,
  SYMBOL_BINDING,
  SYMBOL_BYTES,
  SYMBOL_TYPE,
  type SymbolBinding,
  type SymbolType,
} from "./elf-format.ts";
import { StringTable } from "./string-table.ts";

const ALIGNMENT = 8;

/** A section with content of its own; `flags` are names of SHF_*. */
export interface ElfSection {
  readonly name: string;
  readonly flags: readonly (keyof typeof SECTION_FLAG)[];
  readonly bytes: Uint8Array;
}

/**
 * A name for a place in a section, or for what another object or the kernel has, where there is no section. Of the type
 * `section`, which has no name, it is the section itself.
 */
export interface ElfSymbol {
  readonly name: string;
  readonly section?: ElfSection;
  readonly offsetBytes: number;
  readonly sizeBytes: number;
  readonly type: SymbolType;
  readonly binding: SymbolBinding;
}

interface ElfRelocation {
  readonly offsetBytes: number;
  readonly type: RelocationType;
  readonly symbol: ElfSymbol;
}

/** A section as its header describes it. */
interface Row {
  name: string;
  type: number;
  flags: number;
  bytes: Uint8Array;
  link?: number;
  info?: number;
  entryBytes?: number;
}

const roundedUp = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

/** Collects sections, symbols and relocations into one object. Sections lie in the order in which they are added. */
export class ElfWriter {
  readonly #sections: ElfSection[] = [];
  readonly #symbols: ElfSymbol[] = [];
  readonly #relocations = new Map<ElfSection, ElfRelocation[]>();

  section(section: ElfSection): ElfSection {
    this.#sections.push(section);
    return section;
  }

  /** @throws {RangeError} on a name that another symbol has */
  symbol(symbol: ElfSymbol): ElfSymbol {
    if (symbol.name !== "" && this.#symbols.some(({ name }) => name === symbol.name))
      throw new RangeError(`the object has two symbols ${symbol.name}`);
    this.#symbols.push(symbol);
    return symbol;
  }

  /** Has the symbol's place filled in at an offset of a section. */
  relocate(section: ElfSection, offsetBytes: number, type: RelocationType, symbol: ElfSymbol): void {
    const earlier = this.#relocations.get(section) ?? [];
    this.#relocations.set(section, [...earlier, { offsetBytes, type, symbol }]);
  }

  /** The object's bytes. The writer stays usable. */
  encode(): Uint8Array {
    const names = new StringTable();
    // Those that only this object sees come first.
    const isLocal = ({ binding }: ElfSymbol): boolean => binding === "local";
    const symbols = [...this.#symbols.filter(isLocal), ...this.#symbols.filter((symbol) => !isLocal(symbol))];
    const related = [...this.#relocations.keys()];
    // The first header stands for no section.
    const indexOf = (section: ElfSection | undefined): number =>
      section === undefined ? 0 : this.#sections.indexOf(section) + 1;
    const symbolTable = 1 + this.#sections.length + related.length;
    const rows: Row[] = [
      { name: "", type: 0, flags: 0, bytes: new Uint8Array(0) },
      ...this.#sections.map(({ name, flags, bytes }) => ({
        name,
        type: SECTION_TYPE.progbits,
        flags: flags.reduce((sum, flag) => sum | SECTION_FLAG[flag], 0),
        bytes,
      })),
      ...related.map((section) => ({
        name: `.rel${section.name}`,
        type: SECTION_TYPE.rel,
        flags: SECTION_FLAG.infoLink,
        bytes: encodeRelocations(this.#relocations.get(section) ?? [], (symbol) => symbols.indexOf(symbol) + 1),
        link: symbolTable,
        info: indexOf(section),
        entryBytes: RELOCATION_BYTES,
      })),
      {
        name: ".symtab",
        type: SECTION_TYPE.symtab,
        flags: 0,
        bytes: encodeSymbols(symbols, names, indexOf),
        link: symbolTable + 1,
        info: 1 + symbols.filter(isLocal).length,
        entryBytes: SYMBOL_BYTES,
      },
    ];
    for (const { name } of rows) names.add(name);
    names.add(".strtab");
    rows.push({ name: ".strtab", type: SECTION_TYPE.strtab, flags: 0, bytes: names.encode() });
    return encodeObject(rows, names);
  }
}

function encodeRelocations(relocations: readonly ElfRelocation[], indexOf: (symbol: ElfSymbol) => number): Uint8Array {
  const bytes = Buffer.alloc(relocations.length * RELOCATION_BYTES);
  for (const [at, { offsetBytes, type, symbol }] of relocations.entries()) {
    bytes.writeUInt32LE(offsetBytes, at * RELOCATION_BYTES);
    bytes.writeUInt32LE(RELOCATION_TYPE[type], at * RELOCATION_BYTES + 8);
    bytes.writeUInt32LE(indexOf(symbol), at * RELOCATION_BYTES + 12);
  }
  return bytes;
}

/** The symbol table; the first entry is none. */
function encodeSymbols(
  symbols: readonly ElfSymbol[],
  names: StringTable,
  indexOf: (section: ElfSection | undefined) => number,
): Uint8Array {
  const bytes = Buffer.alloc((symbols.length + 1) * SYMBOL_BYTES);
  for (const [index, { name, section, offsetBytes, sizeBytes, type, binding }] of symbols.entries()) {
    const at = (index + 1) * SYMBOL_BYTES;
    bytes.writeUInt32LE(names.add(name), at);
    bytes.writeUInt8((SYMBOL_BINDING[binding] << 4) | SYMBOL_TYPE[type], at + 4);
    bytes.writeUInt16LE(indexOf(section), at + 6);
    bytes.writeUInt32LE(offsetBytes, at + 8);
    bytes.writeUInt32LE(sizeBytes, at + 16);
  }
  return bytes;
}

/** Header, contents, section headers. Sizes and offsets are below 2^32: their upper halves stay 0. */
function encodeObject(rows: readonly Row[], names: StringTable): Uint8Array {
  let end = ELF_HEADER_BYTES;
  const starts = rows.map(({ bytes }) => {
    const start = end;
    end = roundedUp(end + bytes.length);
    return start;
  });
  const object = Buffer.alloc(end + rows.length * SECTION_HEADER_BYTES);
  object.set([...ELF_MAGIC, ...ELF_IDENT], 0);
  object.writeUInt16LE(ET_REL, 16);
  object.writeUInt16LE(EM_BPF, 18);
  object.writeUInt32LE(ELF_VERSION, 20);
  object.writeUInt32LE(end, 40);
  object.writeUInt16LE(ELF_HEADER_BYTES, 52);
  object.writeUInt16LE(SECTION_HEADER_BYTES, 58);
  object.writeUInt16LE(rows.length, 60);
  object.writeUInt16LE(rows.length - 1, 62);
  for (const [index, { name, type, flags, bytes, link = 0, info = 0, entryBytes = 0 }] of rows.entries()) {
    const start = starts[index] ?? 0;
    object.set(bytes, start);
    if (index === 0) continue;
    const at = end + index * SECTION_HEADER_BYTES;
    object.writeUInt32LE(names.add(name), at);
    object.writeUInt32LE(type, at + 4);
    object.writeUInt32LE(flags, at + 8);
    object.writeUInt32LE(start, at + 24);
    object.writeUInt32LE(bytes.length, at + 32);
    object.writeUInt32LE(link, at + 40);
    object.writeUInt32LE(info, at + 44);
    object.writeUInt32LE(type === SECTION_TYPE.strtab ? 1 : ALIGNMENT, at + 48);
    object.writeUInt32LE(entryBytes, at + 56);
  }
  return object;
}
