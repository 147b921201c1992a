/** The code of an object: its sections, the functions in them, and what a loader has to fill in. */
import type { ElfSymbol, ElfWriter } from "../../bpf/elf-writer.ts";
import { encodeInstructions, INSTRUCTION_BYTES, type Instruction } from "../../bpf/instruction.ts";
import { BPF_PSEUDO_CALL, BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE } from "../../bpf/uapi.ts";
import type { CompiledProgram } from "../compiled-scenario.ts";
import { ScenarioError } from "../scenario-error.ts";
import { functionsOf, type ObjectFunction, type Reference } from "./functions.ts";
import { sectionOf } from "./sections.ts";

/** Where callbacks and other functions that are no programs lie. */
const TEXT = ".text";

/** The symbols that instructions can refer to. */
interface Symbols {
  maps: ReadonlyMap<string, ElfSymbol>;
  log: ElfSymbol;
  kfuncs: ReadonlyMap<string, ElfSymbol>;
  functions: ReadonlyMap<string, FunctionPlace>;
}

/**
 * What a function is referred to by: a symbol, and the distance from it. libbpf takes the address of a static function
 * only as a distance from its section (sym_is_subprog), as clang writes it.
 */
interface FunctionPlace {
  symbol: ElfSymbol;
  distanceBytes: number;
}

/** The functions of one section, where each begins, and how long they are together. */
export interface Code {
  section: string;
  placed: { function: ObjectFunction; offsetBytes: number }[];
  sizeBytes: number;
}

/** A load of the address that is `distanceBytes` behind a symbol; of which kind, is the loader's to say. */
const loadOf = (instruction: Instruction, distanceBytes: number): Instruction => ({
  ...instruction,
  src: 0,
  imm: distanceBytes,
});

/** A call of what is `distanceBytes` behind a symbol, counted in instructions from the one after the call. */
const callOf = (instruction: Instruction, distanceBytes: number): Instruction => ({
  ...instruction,
  src: BPF_PSEUDO_CALL,
  offset: 0,
  imm: distanceBytes / INSTRUCTION_BYTES - 1,
});

/** An instruction as an object has it. */
interface Unlinked {
  low: Instruction;
  /** Of a 64-bit immediate load, where that changes. */
  high?: Instruction;
  symbol: ElfSymbol | undefined;
  type: "load64" | "call";
}

function unlinked(reference: Reference, low: Instruction, high: Instruction | undefined, symbols: Symbols): Unlinked {
  switch (reference.kind) {
    case "kfunc":
      return { low: callOf(low, 0), symbol: symbols.kfuncs.get(reference.name), type: "call" };
    case "function": {
      const { symbol, distanceBytes = 0 } = symbols.functions.get(reference.function) ?? {};
      if (reference.isCall) return { low: callOf(low, distanceBytes), symbol, type: "call" };
      return { low: loadOf(low, distanceBytes), symbol, type: "load64" };
    }
    case "map": {
      const isLog = reference.map === symbols.log.name;
      if (low.src !== (isLog ? BPF_PSEUDO_MAP_VALUE : BPF_PSEUDO_MAP_FD) || high === undefined)
        throw new ScenarioError(`an object can refer to map ${reference.map} in no such way`);
      if (!isLog) return { low: loadOf(low, 0), symbol: symbols.maps.get(reference.map), type: "load64" };
      // libbpf puts the distance back into the second half, where the kernel looks for it.
      return { low: loadOf(low, high.imm), high: { ...high, imm: 0 }, symbol: symbols.log, type: "load64" };
    }
  }
}

/** A function's instructions without what is still to be filled in, and what has to be. */
function unlink({ name, instructions, references }: ObjectFunction, symbols: Symbols) {
  const code = [...instructions];
  const fills = references.map((reference) => {
    const at = reference.instruction;
    const { low, high, symbol, type } = unlinked(reference, code[at] as Instruction, code[at + 1], symbols);
    if (symbol === undefined) throw new ScenarioError(`${name}: instruction ${at} refers to what there is not`);
    code[at] = low;
    if (high !== undefined) code[at + 1] = high;
    return { offsetBytes: at * INSTRUCTION_BYTES, symbol, type };
  });
  return { bytes: encodeInstructions(code), fills };
}

/** The programs' sections, each with its programs, and then `.text`. */
export function arrange(programs: readonly CompiledProgram[], btf: Uint8Array): Code[] {
  const codes = new Map<string, ObjectFunction[]>();
  const add = (section: string, functions: readonly ObjectFunction[]): void => {
    codes.set(section, [...(codes.get(section) ?? []), ...functions]);
  };
  const taken = programs.map((program) => ({ section: sectionOf(program), functions: functionsOf(program, btf) }));
  for (const { section, functions } of taken) add(section, functions.slice(0, 1));
  for (const { functions } of taken) if (functions.length > 1) add(TEXT, functions.slice(1));
  return [...codes].map(([section, functions]) => {
    let end = 0;
    const placed = functions.map((each) => {
      const offsetBytes = end;
      end += each.instructions.length * INSTRUCTION_BYTES;
      return { function: each, offsetBytes };
    });
    return { section, placed, sizeBytes: end };
  });
}

/**
 * Adds the code to an object and gives the symbol of each function.
 * @param known what else instructions refer to
 * @throws {ScenarioError} where one of them refers to what there is not
 */
export function addCode(
  elf: ElfWriter,
  codes: readonly Code[],
  known: Omit<Symbols, "functions">,
): ReadonlyMap<string, ElfSymbol> {
  const symbols = new Map<string, ElfSymbol>();
  const functions = new Map<string, FunctionPlace>();
  const sections = codes.map(({ section: name, placed, sizeBytes }) => {
    const section = elf.section({ name, flags: ["alloc", "execute"], bytes: new Uint8Array(sizeBytes) });
    const local = { section, binding: "local" } as const;
    const whole =
      name === TEXT ? elf.symbol({ ...local, name: "", type: "section", offsetBytes: 0, sizeBytes: 0 }) : undefined;
    for (const { offsetBytes, function: each } of placed) {
      const isStatic = each.linkage === "static" && whole !== undefined;
      const symbol = elf.symbol({
        name: each.name,
        section,
        offsetBytes,
        sizeBytes: each.instructions.length * INSTRUCTION_BYTES,
        type: "function",
        binding: isStatic ? "local" : "global",
      });
      symbols.set(each.name, symbol);
      functions.set(each.name, isStatic ? { symbol: whole, distanceBytes: offsetBytes } : { symbol, distanceBytes: 0 });
    }
    return { section, placed };
  });
  for (const { section, placed } of sections)
    for (const { function: each, offsetBytes } of placed) {
      const { bytes, fills } = unlink(each, { ...known, functions });
      section.bytes.set(bytes, offsetBytes);
      for (const fill of fills) elf.relocate(section, offsetBytes + fill.offsetBytes, fill.type, fill.symbol);
    }
  return symbols;
}
