/** A reader of ELF objects for tests, written from the ELF specification and not from the writer. */

export interface ReadSection {
  name: string;
  type: number;
  flags: number;
  link: number;
  info: number;
  bytes: Buffer;
}

export interface ReadSymbol {
  name: string;
  binding: number;
  type: number;
  /** The name of its section; empty where it has none. */
  section: string;
  value: number;
  size: number;
}

export interface ReadRelocation {
  section: string;
  offset: number;
  type: number;
  symbol: ReadSymbol;
}

const text = (table: Buffer, offset: number): string => table.toString("latin1", offset, table.indexOf(0, offset));

function readSections(bytes: Buffer): ReadSection[] {
  const start = Number(bytes.readBigUInt64LE(40));
  const headers = Array.from({ length: bytes.readUInt16LE(60) }, (_, index) =>
    bytes.subarray(start + index * bytes.readUInt16LE(58)),
  );
  const content = (header: Buffer): Buffer => {
    const offset = Number(header.readBigUInt64LE(24));
    return bytes.subarray(offset, offset + Number(header.readBigUInt64LE(32)));
  };
  const names = content(headers[bytes.readUInt16LE(62)] as Buffer);
  return headers.map((header) => ({
    name: text(names, header.readUInt32LE(0)),
    type: header.readUInt32LE(4),
    flags: Number(header.readBigUInt64LE(8)),
    link: header.readUInt32LE(40),
    info: header.readUInt32LE(44),
    bytes: content(header),
  }));
}

const slices = (bytes: Buffer, each: number): Buffer[] =>
  Array.from({ length: bytes.length / each }, (_, at) => bytes.subarray(at * each, (at + 1) * each));

function readSymbols(sections: readonly ReadSection[]): ReadSymbol[] {
  const table = sections.find(({ type }) => type === 2);
  const names = sections[table?.link ?? 0]?.bytes ?? Buffer.alloc(1);
  return slices(table?.bytes ?? Buffer.alloc(0), 24).map((symbol) => ({
    name: text(names, symbol.readUInt32LE(0)),
    binding: symbol.readUInt8(4) >> 4,
    type: symbol.readUInt8(4) & 0xf,
    section: sections[symbol.readUInt16LE(6)]?.name ?? "",
    value: Number(symbol.readBigUInt64LE(8)),
    size: Number(symbol.readBigUInt64LE(16)),
  }));
}

/** The parts of an object. */
export function readElf(object: Uint8Array) {
  const bytes = Buffer.from(object);
  const sections = readSections(bytes);
  const symbols = readSymbols(sections);
  const relocations = sections
    .filter(({ type }) => type === 9)
    .flatMap(({ info, bytes: entries }) =>
      slices(entries, 16).map(
        (entry): ReadRelocation => ({
          section: sections[info]?.name ?? "",
          offset: Number(entry.readBigUInt64LE(0)),
          type: entry.readUInt32LE(8),
          symbol: symbols[entry.readUInt32LE(12)] as ReadSymbol,
        }),
      ),
    );
  const section = (name: string): ReadSection => {
    const found = sections.find((each) => each.name === name);
    if (found === undefined) throw new Error(`the object has no section ${name}`);
    return found;
  };
  const symbol = (name: string): ReadSymbol => {
    const found = symbols.find((each) => each.name === name);
    if (found === undefined) throw new Error(`the object has no symbol ${name}`);
    return found;
  };
  return { bytes, sections, symbols, relocations, section, symbol };
}
