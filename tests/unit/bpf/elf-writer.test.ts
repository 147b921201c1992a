import { describe, expect, test } from "vitest";
import { ElfWriter } from "../../../bpf/elf-writer.ts";
import { readElf } from "./read-elf.ts";

const place = { offsetBytes: 0, sizeBytes: 0 } as const;

function sample() {
  const elf = new ElfWriter();
  const code = elf.section({ name: "tc", flags: ["alloc", "execute"], bytes: new Uint8Array(24).fill(7) });
  const data = elf.section({ name: ".data", flags: ["write", "alloc"], bytes: Uint8Array.of(1, 2, 3) });
  const program = elf.symbol({
    name: "p",
    section: code,
    offsetBytes: 8,
    sizeBytes: 16,
    type: "function",
    binding: "global",
  });
  const variable = elf.symbol({ name: "v", section: data, ...place, sizeBytes: 3, type: "object", binding: "local" });
  const extern = elf.symbol({ name: "kfunc", ...place, type: "none", binding: "weak" });
  elf.relocate(code, 0, "load64", variable);
  elf.relocate(code, 16, "call", extern);
  elf.relocate(data, 0, "pointer", program);
  return { elf, variable };
}

describe("an ELF object", () => {
  test("is a relocatable one for BPF, 64 bits, little-endian", () => {
    const { bytes } = readElf(sample().elf.encode());
    expect([...bytes.subarray(0, 7)]).toEqual([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
    expect(bytes.readUInt16LE(16)).toBe(1);
    expect(bytes.readUInt16LE(18)).toBe(247);
    expect(bytes.readUInt32LE(20)).toBe(1);
  });

  test("has its sections in order, with their bytes and flags", () => {
    const { sections, section } = readElf(sample().elf.encode());
    expect(sections.map(({ name }) => name)).toEqual(["", "tc", ".data", ".reltc", ".rel.data", ".symtab", ".strtab"]);
    expect([...section("tc").bytes]).toEqual(Array(24).fill(7));
    expect(section("tc").flags).toBe(2 | 4);
    expect([...section(".data").bytes]).toEqual([1, 2, 3]);
    expect(section(".data").flags).toBe(1 | 2);
  });

  test("has local symbols before the others, and says how many they are", () => {
    const { symbols, section } = readElf(sample().elf.encode());
    expect(symbols.map(({ name, binding, type, section: of }) => [name, binding, type, of])).toEqual([
      ["", 0, 0, ""],
      ["v", 0, 1, ".data"],
      ["p", 1, 2, "tc"],
      ["kfunc", 2, 0, ""],
    ]);
    expect(section(".symtab").info).toBe(2);
    expect(symbols.find(({ name }) => name === "p")).toMatchObject({ value: 8, size: 16 });
  });

  test("has relocations that find their symbols behind the reordering", () => {
    const { relocations } = readElf(sample().elf.encode());
    expect(relocations.map(({ section, offset, type, symbol }) => [section, offset, type, symbol.name])).toEqual([
      ["tc", 0, 1, "v"],
      ["tc", 16, 10, "kfunc"],
      [".data", 0, 2, "p"],
    ]);
  });

  test("is the same each time it is encoded", () => {
    const { elf } = sample();
    expect(elf.encode()).toEqual(elf.encode());
  });

  test("has no two symbols of a name", () => {
    const { elf, variable } = sample();
    expect(() => elf.symbol(variable)).toThrow("the object has two symbols v");
  });
});
