/**
 * One function per instruction form of Documentation/bpf/standardization/instruction-set.rst that needs no label.
 * Every builder throws a RangeError on an immediate or offset that does not fit its field.
 */
import {
  ALU_OP,
  ATOMIC_OP,
  type AtomicOp,
  CLASS,
  checkInstruction,
  type Instruction,
  JMP_OP,
  MODE,
  SIGNED_OFFSET,
  SIZE,
  type Size,
  SOURCE,
} from "./instruction.ts";
import { type Operand, R0, type Register } from "./register.ts";

type AluEncoding = { readonly op: number; readonly offset: number };

const unsigned = (op: number): AluEncoding => ({ op, offset: 0 });
const signed = (op: number): AluEncoding => ({ op, offset: SIGNED_OFFSET });

const ALU_ENCODING = {
  add: unsigned(ALU_OP.add),
  sub: unsigned(ALU_OP.sub),
  mul: unsigned(ALU_OP.mul),
  div: unsigned(ALU_OP.div),
  or: unsigned(ALU_OP.or),
  and: unsigned(ALU_OP.and),
  lsh: unsigned(ALU_OP.lsh),
  rsh: unsigned(ALU_OP.rsh),
  neg: unsigned(ALU_OP.neg),
  mod: unsigned(ALU_OP.mod),
  xor: unsigned(ALU_OP.xor),
  mov: unsigned(ALU_OP.mov),
  arsh: unsigned(ALU_OP.arsh),
  sdiv: signed(ALU_OP.div),
  smod: signed(ALU_OP.mod),
} as const;

export type AluOp = keyof typeof ALU_ENCODING;

/** `opcode` without its source bit, completed by the operand: the register `src`, or the immediate. */
export function withOperand(opcode: number, dst: Register, offset: number, operand: Operand): Instruction {
  return checkInstruction(
    typeof operand === "number"
      ? { opcode: opcode | SOURCE.k, dst: dst.register, src: 0, offset, imm: operand }
      : { opcode: opcode | SOURCE.x, dst: dst.register, src: operand.register, offset, imm: 0 },
  );
}

function alu(aluClass: number, name: AluOp, dst: Register, operand: Operand): Instruction {
  const { op, offset } = ALU_ENCODING[name];
  return withOperand(aluClass | op, dst, offset, operand);
}

/** 64-bit arithmetic. `sdiv` and `smod` need cpu v4 (Linux 6.6). The operand of `neg` must be 0: Linux reserves it. */
export function alu64(op: AluOp, dst: Register, operand: Operand): Instruction {
  return alu(CLASS.alu64, op, dst, operand);
}

/** 32-bit arithmetic: the same on the lower halves, and the upper half of `dst` becomes zero. */
export function alu32(op: AluOp, dst: Register, operand: Operand): Instruction {
  return alu(CLASS.alu, op, dst, operand);
}

/** dst = operand; an immediate is sign-extended to 64 bits. */
export function mov(dst: Register, operand: Operand): Instruction {
  return alu64("mov", dst, operand);
}

/** The lower half of dst = operand, the upper half = 0. */
export function mov32(dst: Register, operand: Operand): Instruction {
  return alu32("mov", dst, operand);
}

/** dst += operand, in 64 bits. */
export function add(dst: Register, operand: Operand): Instruction {
  return alu64("add", dst, operand);
}

/** dst = the lower 8, 16 or 32 bits of src, sign-extended to 64 (cpu v4). */
export function movSignExtended(bits: 8 | 16 | 32, dst: Register, src: Register): Instruction {
  return withOperand(CLASS.alu64 | ALU_OP.mov, dst, bits, src);
}

/** The lower half of dst = the lower 8 or 16 bits of src, sign-extended to 32 (cpu v4); the upper half = 0. */
export function mov32SignExtended(bits: 8 | 16, dst: Register, src: Register): Instruction {
  return withOperand(CLASS.alu | ALU_OP.mov, dst, bits, src);
}

const BYTE_SWAP = {
  le: CLASS.alu | ALU_OP.end | SOURCE.k,
  be: CLASS.alu | ALU_OP.end | SOURCE.x,
  bswap: CLASS.alu64 | ALU_OP.end | SOURCE.k,
} as const;

export type ByteSwap = keyof typeof BYTE_SWAP;

/** The lower `bits` of dst as little-endian or big-endian, or swapped whatever the host is (`bswap`, cpu v4). */
export function byteSwap(kind: ByteSwap, bits: 16 | 32 | 64, dst: Register): Instruction {
  return { opcode: BYTE_SWAP[kind], dst: dst.register, src: 0, offset: 0, imm: bits };
}

/** dst = *(size *)(src + offset), zero-extended. */
export function load(size: Size, dst: Register, src: Register, offset: number): Instruction {
  const opcode = CLASS.ldx | SIZE[size] | MODE.mem;
  return checkInstruction({ opcode, dst: dst.register, src: src.register, offset, imm: 0 });
}

/** dst = *(size *)(src + offset), sign-extended to 64 bits (cpu v4). */
export function loadSignExtended(size: "b" | "h" | "w", dst: Register, src: Register, offset: number): Instruction {
  const opcode = CLASS.ldx | SIZE[size] | MODE.memsx;
  return checkInstruction({ opcode, dst: dst.register, src: src.register, offset, imm: 0 });
}

/** *(size *)(dst + offset) = operand; an immediate is sign-extended to 64 bits first. */
export function store(size: Size, dst: Register, offset: number, operand: Operand): Instruction {
  return checkInstruction(
    typeof operand === "number"
      ? { opcode: CLASS.st | SIZE[size] | MODE.mem, dst: dst.register, src: 0, offset, imm: operand }
      : { opcode: CLASS.stx | SIZE[size] | MODE.mem, dst: dst.register, src: operand.register, offset, imm: 0 },
  );
}

/**
 * An atomic operation on *(size *)(dst + offset). The `fetch-` forms and `xchg` put the old value into src; `cmpxchg`
 * stores src where memory equals R0, and puts the old value into R0.
 */
export function atomic(op: AtomicOp, size: "w" | "dw", dst: Register, offset: number, src: Register): Instruction {
  const opcode = CLASS.stx | SIZE[size] | MODE.atomic;
  return checkInstruction({ opcode, dst: dst.register, src: src.register, offset, imm: ATOMIC_OP[op] });
}

/** R0 = the packet's bytes at `imm`, from network to host order; R6 must hold the socket buffer. A legacy form. */
export function loadAbs(size: "b" | "h" | "w", imm: number): Instruction {
  return checkInstruction({ opcode: CLASS.ld | SIZE[size] | MODE.abs, dst: R0.register, src: 0, offset: 0, imm });
}

/** As loadAbs, at src + imm. */
export function loadInd(size: "b" | "h" | "w", src: Register, imm: number): Instruction {
  const opcode = CLASS.ld | SIZE[size] | MODE.ind;
  return checkInstruction({ opcode, dst: R0.register, src: src.register, offset: 0, imm });
}

/** R0 = helper(R1 … R5), by helper number. */
export function callHelper(id: number): Instruction {
  return checkInstruction({ opcode: CLASS.jmp | JMP_OP.call, dst: 0, src: 0, offset: 0, imm: id });
}

/** Returns R0 from the program, function or callback. */
export function exit(): Instruction {
  return { opcode: CLASS.jmp | JMP_OP.exit, dst: 0, src: 0, offset: 0, imm: 0 };
}
