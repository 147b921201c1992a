/** A program as text, in the style of the kernel's verifier log (kernel/bpf/disasm.c). */
import type { Relocation } from "./assembler.ts";
import { CLASS, type Instruction, JMP_OP, LOAD_IMM64 } from "./instruction.ts";
import { instructionText, signed } from "./instruction-text.ts";
import {
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_IDX,
  BPF_PSEUDO_MAP_IDX_VALUE,
  BPF_PSEUDO_MAP_VALUE,
  helperName,
} from "./uapi.ts";

export interface DisassemblyOptions {
  /** Names the maps and kfuncs that the instructions leave open. */
  relocations?: readonly Relocation[];
  /** The name of the function that begins at a slot, which becomes a line of its own before it. */
  label?: (slot: number) => string | undefined;
}

interface Names {
  readonly map: string | undefined;
  readonly kfunc: string | undefined;
}

const CALL = CLASS.jmp | JMP_OP.call;

/** What a call names, by its src. */
const CALLEE: ReadonlyMap<number, (instruction: Instruction, names: Names) => string> = new Map([
  [0, ({ imm }: Instruction) => `${prefixed(helperName(imm))}#${imm}`],
  [BPF_PSEUDO_CALL, ({ imm }: Instruction) => `pc${signed(imm)}`],
  [BPF_PSEUDO_KFUNC_CALL, ({ imm }: Instruction, { kfunc }: Names) => kfunc ?? `kernel-function#${imm}`],
]);

type WideText = (low: Instruction, high: Instruction, names: Names) => string;

const mapText =
  (handle: string): WideText =>
  (low, _high, { map }) =>
    `map[${map ?? `${handle}:${low.imm}`}]`;
const valueText =
  (handle: string): WideText =>
  (low, high, names) =>
    `${mapText(handle)(low, high, names)}[0]+${high.imm >>> 0}`;

/** What a 64-bit immediate load loads, by its src; any other src is a plain number. */
const WIDE: ReadonlyMap<number, WideText> = new Map([
  [BPF_PSEUDO_MAP_FD, mapText("fd")],
  [BPF_PSEUDO_MAP_VALUE, valueText("fd")],
  [BPF_PSEUDO_MAP_IDX, mapText("idx")],
  [BPF_PSEUDO_MAP_IDX_VALUE, valueText("idx")],
  [BPF_PSEUDO_FUNC, (low: Instruction) => `func[pc${signed(low.imm)}]`],
]);

const number: WideText = (low, high) => `0x${((BigInt(high.imm >>> 0) << 32n) | BigInt(low.imm >>> 0)).toString(16)}`;

function prefixed(name: string | undefined): string {
  return name === undefined ? "unknown" : `bpf_${name}`;
}

function textOf(instruction: Instruction, high: Instruction | undefined, names: Names): string {
  const callee = instruction.opcode === CALL ? CALLEE.get(instruction.src) : undefined;
  if (callee !== undefined) return `call ${callee(instruction, names)}`;
  if (high !== undefined)
    return `r${instruction.dst} = ${(WIDE.get(instruction.src) ?? number)(instruction, high, names)}`;
  return instructionText(instruction) ?? "unknown";
}

/** The second slot of the 64-bit immediate load that begins at `slot`, or undefined where none does. */
function highHalf(instructions: readonly Instruction[], slot: number): Instruction | undefined {
  const high = instructions[slot + 1];
  return instructions[slot]?.opcode === LOAD_IMM64 && high?.opcode === 0 ? high : undefined;
}

/**
 * One line per instruction, `slot: (opcode) text`; the two slots of a 64-bit immediate load share a line. What Linux
 * 6.12 does not know reads `(opcode) unknown`.
 */
export function disassemble(instructions: readonly Instruction[], options: DisassemblyOptions = {}): string[] {
  const { relocations = [], label = () => undefined } = options;
  const names = new Map<number, Names>(
    relocations.map((relocation) => [
      relocation.instruction,
      relocation.kind === "map"
        ? { map: relocation.map, kfunc: undefined }
        : { map: undefined, kfunc: relocation.name },
    ]),
  );
  const unnamed: Names = { map: undefined, kfunc: undefined };
  const lines: string[] = [];
  for (const [slot, instruction] of instructions.entries()) {
    if (highHalf(instructions, slot - 1) !== undefined) continue;
    const header = label(slot);
    if (header !== undefined) lines.push(`${header}:`);
    const opcode = instruction.opcode.toString(16).padStart(2, "0");
    const text = textOf(instruction, highHalf(instructions, slot), names.get(slot) ?? unnamed);
    lines.push(`${slot}: (${opcode}) ${text}`);
  }
  return lines;
}
