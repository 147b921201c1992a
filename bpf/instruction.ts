/**
 * One slot of a BPF program, field for field struct bpf_insn (include/uapi/linux/bpf.h). A 64-bit immediate load takes
 * two slots; the second has opcode 0 and holds the upper half of the value in `imm`.
 * The tables spell the vocabulary of Documentation/bpf/standardization/instruction-set.rst.
 */
export interface Instruction {
  readonly opcode: number;
  /** Destination register number, 0 to 15. */
  readonly dst: number;
  /** Source register number, 0 to 15, or what kind of call or immediate load this is. */
  readonly src: number;
  /** Signed 16-bit. */
  readonly offset: number;
  /** Signed 32-bit. */
  readonly imm: number;
}

export const INSTRUCTION_BYTES = 8;

/** Bits 0 to 2 of the opcode. */
export const CLASS = {
  ld: 0x00,
  ldx: 0x01,
  st: 0x02,
  stx: 0x03,
  alu: 0x04,
  jmp: 0x05,
  jmp32: 0x06,
  alu64: 0x07,
} as const;

/** Bit 3 of an arithmetic or jump opcode: the second operand is `imm` (k) or the register `src` (x). */
export const SOURCE = { k: 0x00, x: 0x08 } as const;

/** Bits 4 to 7 of an arithmetic opcode. */
export const ALU_OP = {
  add: 0x00,
  sub: 0x10,
  mul: 0x20,
  div: 0x30,
  or: 0x40,
  and: 0x50,
  lsh: 0x60,
  rsh: 0x70,
  neg: 0x80,
  mod: 0x90,
  xor: 0xa0,
  mov: 0xb0,
  arsh: 0xc0,
  end: 0xd0,
} as const;

/** Bits 4 to 7 of a jump opcode. `cond` is BPF_JCOND, which Linux 6.9 brought for may_goto. */
export const JMP_OP = {
  ja: 0x00,
  eq: 0x10,
  gt: 0x20,
  ge: 0x30,
  set: 0x40,
  ne: 0x50,
  sgt: 0x60,
  sge: 0x70,
  call: 0x80,
  exit: 0x90,
  lt: 0xa0,
  le: 0xb0,
  slt: 0xc0,
  sle: 0xd0,
  cond: 0xe0,
} as const;

/** Bits 3 and 4 of a load or store opcode: 4, 2, 1 and 8 bytes. */
export const SIZE = { w: 0x00, h: 0x08, b: 0x10, dw: 0x18 } as const;

/** Bits 5 to 7 of a load or store opcode. */
export const MODE = { imm: 0x00, abs: 0x20, ind: 0x40, mem: 0x60, memsx: 0x80, atomic: 0xc0 } as const;

/** The `imm` of an atomic instruction. */
export const ATOMIC_OP = {
  add: 0x00,
  or: 0x40,
  and: 0x50,
  xor: 0xa0,
  "fetch-add": 0x01,
  "fetch-or": 0x41,
  "fetch-and": 0x51,
  "fetch-xor": 0xa1,
  xchg: 0xe1,
  cmpxchg: 0xf1,
} as const;

export type Size = keyof typeof SIZE;
export type AtomicOp = keyof typeof ATOMIC_OP;

/** The `offset` that makes a div or mod signed (cpu v4). */
export const SIGNED_OFFSET = 1;

/** The opcode of a 64-bit immediate load's first slot. */
export const LOAD_IMM64 = CLASS.ld | SIZE.dw | MODE.imm;

/** The masks that take an opcode apart; `op` goes with `source`, `mode` with `size`. */
export const OPCODE_MASK = { class: 0x07, source: 0x08, op: 0xf0, size: 0x18, mode: 0xe0 } as const;

function checkField(field: keyof Instruction, value: number, lowest: number, highest: number): void {
  if (!Number.isInteger(value) || value < lowest || value > highest)
    throw new RangeError(`${field} ${value} is not an integer between ${lowest} and ${highest}`);
}

/**
 * Hands the instruction back once every field is known to fit its bits in struct bpf_insn.
 * @throws {RangeError} on a field that is no integer or out of range
 */
export function checkInstruction(instruction: Instruction): Instruction {
  checkField("opcode", instruction.opcode, 0, 0xff);
  checkField("dst", instruction.dst, 0, 0xf);
  checkField("src", instruction.src, 0, 0xf);
  checkField("offset", instruction.offset, -0x8000, 0x7fff);
  checkField("imm", instruction.imm, -0x8000_0000, 0x7fff_ffff);
  return instruction;
}

/**
 * The bytes of a program, little-endian, eight for each slot.
 * @throws {RangeError} on a field that does not fit struct bpf_insn
 */
export function encodeInstructions(instructions: readonly Instruction[]): Uint8Array {
  const bytes = new Uint8Array(instructions.length * INSTRUCTION_BYTES);
  const view = new DataView(bytes.buffer);
  for (const [slot, instruction] of instructions.entries()) {
    const { opcode, dst, src, offset, imm } = checkInstruction(instruction);
    const at = slot * INSTRUCTION_BYTES;
    view.setUint8(at, opcode);
    view.setUint8(at + 1, (src << 4) | dst);
    view.setInt16(at + 2, offset, true);
    view.setInt32(at + 4, imm, true);
  }
  return bytes;
}

/**
 * The slots of a program given as little-endian bytes. Any eight bytes are a slot: nothing judges whether Linux knows
 * the opcode.
 * @throws {RangeError} on a length that is no multiple of 8
 */
export function decodeInstructions(bytes: Uint8Array): Instruction[] {
  if (bytes.length % INSTRUCTION_BYTES !== 0)
    throw new RangeError(`${bytes.length} bytes are not a whole number of ${INSTRUCTION_BYTES}-byte instructions`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / INSTRUCTION_BYTES }, (_, slot) => {
    const at = slot * INSTRUCTION_BYTES;
    const registers = view.getUint8(at + 1);
    return {
      opcode: view.getUint8(at),
      dst: registers & 0xf,
      src: registers >> 4,
      offset: view.getInt16(at + 2, true),
      imm: view.getInt32(at + 4, true),
    };
  });
}
