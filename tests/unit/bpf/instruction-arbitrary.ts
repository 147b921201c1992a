import fc from "fast-check";
import {
  alu32,
  alu64,
  atomic,
  byteSwap,
  callHelper,
  exit,
  load,
  loadAbs,
  loadInd,
  loadSignExtended,
  mov32SignExtended,
  movSignExtended,
  type Register,
  store,
} from "../../../bpf/assembler.ts";
import { ATOMIC_OP, type AtomicOp, type Instruction } from "../../../bpf/instruction.ts";

const ALU_OPS = [
  ...(["add", "sub", "mul", "div", "or", "and", "lsh", "rsh"] as const),
  ...(["neg", "mod", "xor", "mov", "arsh", "sdiv", "smod"] as const),
];
const ATOMIC_OPS = Object.keys(ATOMIC_OP) as AtomicOp[];

const register = fc.integer({ min: 0, max: 10 }).map((number): Register => ({ register: number }));
const imm = fc.integer({ min: -0x8000_0000, max: 0x7fff_ffff });
const offset = fc.integer({ min: -0x8000, max: 0x7fff });
const operand = fc.oneof(register, imm);
const size = fc.constantFrom("b", "h", "w", "dw");
const narrow = fc.constantFrom("b", "h", "w");
const aluOp = fc.constantFrom(...ALU_OPS).filter((op) => op !== "neg");

/** Every form that a builder gives: the instruction set without the jumps, which need labels. */
export const builtInstruction: fc.Arbitrary<Instruction> = fc.oneof(
  fc.tuple(aluOp, register, operand).map((parts) => alu64(...parts)),
  fc.tuple(aluOp, register, operand).map((parts) => alu32(...parts)),
  register.map((dst) => alu64("neg", dst, 0)),
  register.map((dst) => alu32("neg", dst, 0)),
  fc.tuple(fc.constantFrom(8, 16, 32), register, register).map((parts) => movSignExtended(...parts)),
  fc.tuple(fc.constantFrom(8, 16), register, register).map((parts) => mov32SignExtended(...parts)),
  fc.tuple(fc.constantFrom("le", "be", "bswap"), fc.constantFrom(16, 32, 64), register).map((p) => byteSwap(...p)),
  fc.tuple(size, register, register, offset).map((parts) => load(...parts)),
  fc.tuple(narrow, register, register, offset).map((parts) => loadSignExtended(...parts)),
  fc.tuple(size, register, offset, operand).map((parts) => store(...parts)),
  fc
    .tuple(fc.constantFrom(...ATOMIC_OPS), fc.constantFrom("w", "dw"), register, offset, register)
    .map((parts) => atomic(...parts)),
  fc.tuple(narrow, imm).map((parts) => loadAbs(...parts)),
  fc.tuple(narrow, register, imm).map((parts) => loadInd(...parts)),
  fc.integer({ min: 1, max: 211 }).map(callHelper),
  fc.constant(exit()),
);

/** Any bits at all that struct bpf_insn can hold. */
export const anyInstruction: fc.Arbitrary<Instruction> = fc.record({
  opcode: fc.integer({ min: 0, max: 0xff }),
  dst: fc.integer({ min: 0, max: 0xf }),
  src: fc.integer({ min: 0, max: 0xf }),
  offset,
  imm,
});
