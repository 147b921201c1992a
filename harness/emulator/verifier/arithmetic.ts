/** Arithmetic instructions: check_alu_op and adjust_ptr_min_max_vals. */
import { ERRNO } from "../../../bpf/errno.ts";
import { ALU_OP, CLASS, OPCODE_MASK, SOURCE } from "../../../bpf/instruction.ts";
import type { Code } from "../code.ts";
import { immediate, type RegisterState, type Scalar, typeName, UNKNOWN } from "./register-state.ts";
import { Rejection } from "./rejection.ts";
import { operate, truncated } from "./scalar.ts";
import { FRAME_POINTER } from "./verifier-state.ts";

/** BPF_MAX_VAR_OFF. */
const OFFSET_MAX = 1 << 29;

function reject(message: string): never {
  throw new Rejection(-ERRNO.EACCES, message);
}

/** What is added to a pointer: an exact number of bytes, or bounds. */
interface Delta {
  readonly exact: number | undefined;
  readonly min: number;
  readonly max: number;
}

function deltaOf(pointer: RegisterState, scalar: Scalar, negated: boolean): Delta {
  if (scalar.known !== undefined) {
    const exact = Number(BigInt.asIntN(64, scalar.known)) * (negated ? -1 : 1);
    if (Math.abs(exact) >= OFFSET_MAX) reject(`math between ${typeName(pointer)} pointer and ${exact} is not allowed`);
    return { exact, min: exact, max: exact };
  }
  if (negated || scalar.max >= OFFSET_MAX)
    reject(`math between ${typeName(pointer)} pointer and register with unbounded min value is not allowed`);
  return { exact: undefined, min: scalar.min, max: scalar.max };
}

/** A pointer with a number added to it or subtracted from it. */
function movePointer(register: number, pointer: RegisterState, scalar: Scalar, negated: boolean): RegisterState {
  if (pointer.type === "map_value" && pointer.orNull)
    reject(`R${register} pointer arithmetic on map_value_or_null prohibited, null-check it first`);
  const { exact, min, max } = deltaOf(pointer, scalar, negated);
  switch (pointer.type) {
    case "map_value":
      return exact === undefined
        ? { ...pointer, min: pointer.min + min, max: pointer.max + max }
        : { ...pointer, offset: pointer.offset + exact };
    case "fp":
    case "ctx":
    case "map_key":
      if (exact === undefined) return reject(`R${register} variable ${typeName(pointer)} offset is not allowed`);
      return { ...pointer, offset: pointer.offset + exact };
    case "map_ptr":
      if (exact === 0 && !negated) return pointer;
      return reject(`R${register} pointer arithmetic on map_ptr prohibited`);
    default:
      return reject(`R${register} pointer arithmetic on ${typeName(pointer)} prohibited`);
  }
}

function checkPointerOp(register: number, op: number, wide: boolean): void {
  if (!wide) reject(`R${register} 32-bit pointer arithmetic prohibited`);
  if (op === ALU_OP.add || op === ALU_OP.sub) return;
  if (op === ALU_OP.and || op === ALU_OP.or || op === ALU_OP.xor)
    reject(`R${register} bitwise operator on pointer prohibited`);
  reject(`R${register} pointer arithmetic with this operator prohibited`);
}

/** The result of `dst op src`, either of which may be a pointer. */
function combine(
  register: number,
  op: number,
  wide: boolean,
  dst: RegisterState,
  src: RegisterState,
  offset: number,
): RegisterState {
  if (dst.type === "scalar" && src.type === "scalar") return operate(op, wide, dst, src, offset);
  if (dst.type !== "scalar" && src.type !== "scalar") {
    // A privileged program may subtract pointers, and gets a number.
    if (op === ALU_OP.sub) return UNKNOWN;
    return reject(`R${register} pointer op pointer prohibited`);
  }
  checkPointerOp(register, op, wide);
  if (dst.type !== "scalar") return movePointer(register, dst, src as Scalar, op === ALU_OP.sub);
  if (op === ALU_OP.sub) return reject(`R${register} tried to subtract pointer from scalar`);
  return movePointer(register, src, dst, false);
}

/** Executes the arithmetic instruction at `slot` on states. @throws {Rejection} */
export function checkArithmetic(code: Code, slot: number, registers: RegisterState[]): void {
  const opcode = code.opcode[slot] as number;
  const register = code.dst[slot] as number;
  const source = code.src[slot] as number;
  const op = opcode & OPCODE_MASK.op;
  const wide = (opcode & OPCODE_MASK.class) === CLASS.alu64;
  const offset = code.offset[slot] as number;
  if (register >= FRAME_POINTER) reject("frame pointer is read only");
  const dst = registers[register] as RegisterState;
  const byRegister = (opcode & OPCODE_MASK.source) === SOURCE.x && op !== ALU_OP.end && op !== ALU_OP.neg;
  const src: RegisterState = byRegister ? (registers[source] as RegisterState) : immediate(code.imm[slot] as number);
  if (src.type === "uninitialized") reject(`R${source} !read_ok`);
  if (op === ALU_OP.mov) {
    if (src.type === "scalar") registers[register] = operate(op, wide, UNKNOWN, src, offset);
    // Part of a pointer is a number to a privileged program.
    else registers[register] = wide && offset === 0 ? src : wide ? UNKNOWN : truncated(UNKNOWN);
    return;
  }
  if (dst.type === "uninitialized") reject(`R${register} !read_ok`);
  if (op === ALU_OP.end || op === ALU_OP.neg) {
    if (dst.type !== "scalar") reject(`R${register} pointer arithmetic prohibited`);
    registers[register] = op === ALU_OP.neg ? operate(op, wide, dst as Scalar, immediate(0), 0) : UNKNOWN;
    return;
  }
  registers[register] = combine(register, op, wide, dst, src, offset);
}
