/** Bytecode taken apart once: a column for each field of struct bpf_insn, indexed by instruction slot. */
import { CLASS, INSTRUCTION_BYTES, LOAD_IMM64, OPCODE_MASK } from "../../bpf/instruction.ts";

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

/** The columns of `length` slots in one buffer: allocating one is what costs. */
function newColumns(length: number): Omit<Code, "length"> {
  const WORD_BYTES = 4;
  const buffer = new ArrayBuffer(length * (4 * WORD_BYTES + 3));
  const words = (column: number): Int32Array => new Int32Array(buffer, column * length * WORD_BYTES, length);
  const bytes = (column: number): Uint8Array =>
    new Uint8Array(buffer, length * 4 * WORD_BYTES + column * length, length);
  return {
    opcode: bytes(0),
    dst: bytes(1),
    src: bytes(2),
    offset: words(0),
    imm: words(1),
    low: words(2),
    high: words(3),
  };
}

/**
 * Splits bytecode into columns; the two slots of a 64-bit immediate load become one pair at the first.
 * @throws {RangeError} on a length that is no multiple of 8
 */
export function codeOf(bytes: Uint8Array): Code {
  if (bytes.length % INSTRUCTION_BYTES !== 0)
    throw new RangeError(`${bytes.length} bytes are not a whole number of ${INSTRUCTION_BYTES}-byte instructions`);
  const length = bytes.length / INSTRUCTION_BYTES;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const columns = newColumns(length);
  const { opcode, dst, src, offset, imm, low, high } = columns;
  for (let slot = 0, at = 0; slot < length; slot++, at += INSTRUCTION_BYTES) {
    const registers = bytes[at + 1] as number;
    const immediate = view.getInt32(at + 4, true);
    const code = bytes[at] as number;
    opcode[slot] = code;
    dst[slot] = registers & 0xf;
    src[slot] = registers >> 4;
    offset[slot] = view.getInt16(at + 2, true);
    imm[slot] = immediate;
    low[slot] = immediate;
    const isWide = code === LOAD_IMM64 && slot + 1 < length;
    high[slot] = isWide ? view.getInt32(at + INSTRUCTION_BYTES + 4, true) : immediate >> 31;
  }
  return { length, ...columns };
}

/** The columns of bytecode given as hexadecimal text; distinct texts are decoded once. */
export function decodeCode(hex: string): Code {
  const cached = cache.get(hex);
  if (cached !== undefined) return cached;
  if (cache.size >= CACHE_MAX) cache.clear();
  const code = codeOf(Buffer.from(hex, "hex"));
  cache.set(hex, code);
  return code;
}

/** Forgets all code decoded so far, and with it what hangs on it: for tests that change the emulator beneath it. */
export function forgetCode(): void {
  cache.clear();
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
