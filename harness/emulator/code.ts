/** Bytecode taken apart once: a column for each field of struct bpf_insn, indexed by instruction slot. */
import { CLASS, decodeInstructions, type Instruction, LOAD_IMM64, OPCODE_MASK } from "../../bpf/instruction.ts";

export interface Code {
  readonly length: number;
  readonly opcode: Uint8Array;
  readonly dst: Uint8Array;
  readonly src: Uint8Array;
  readonly offset: Int32Array;
  readonly imm: Int32Array;
  /** The second operand of an instruction that takes an immediate, as a 64-bit pair. */
  readonly low: Int32Array;
  readonly high: Int32Array;
}

const CACHE_MAX = 4096;
const cache = new Map<string, Code>();

/** Splits instructions into columns; the two slots of a 64-bit immediate load become one pair at the first. */
export function codeOf(instructions: readonly Instruction[]): Code {
  const length = instructions.length;
  const code = {
    length,
    opcode: new Uint8Array(length),
    dst: new Uint8Array(length),
    src: new Uint8Array(length),
    offset: new Int32Array(length),
    imm: new Int32Array(length),
    low: new Int32Array(length),
    high: new Int32Array(length),
  };
  for (let slot = 0; slot < length; slot++) {
    const { opcode, dst, src, offset, imm } = instructions[slot] as Instruction;
    code.opcode[slot] = opcode;
    code.dst[slot] = dst;
    code.src[slot] = src;
    code.offset[slot] = offset;
    code.imm[slot] = imm;
    code.low[slot] = imm;
    code.high[slot] = opcode === LOAD_IMM64 ? (instructions[slot + 1]?.imm ?? 0) : imm >> 31;
  }
  return code;
}

/** The columns of bytecode given as hexadecimal text; distinct texts are decoded once. */
export function decodeCode(hex: string): Code {
  const cached = cache.get(hex);
  if (cached !== undefined) return cached;
  if (cache.size >= CACHE_MAX) cache.clear();
  const code = codeOf(decodeInstructions(Buffer.from(hex, "hex")));
  cache.set(hex, code);
  return code;
}

/** The same code with 64-bit immediates of its own: what loading fills in, addresses of maps and of functions. */
export function withImmediates(code: Code): Code {
  return { ...code, low: code.low.slice(), high: code.high.slice() };
}

/** How many slots the instruction at `slot` takes. */
export function slotsAt(code: Code, slot: number): number {
  return code.opcode[slot] === LOAD_IMM64 ? 2 : 1;
}

/** Whether the opcode is one of the two jump classes. */
export function isJumpClass(opcode: number): boolean {
  const group = opcode & OPCODE_MASK.class;
  return group === CLASS.jmp || group === CLASS.jmp32;
}
