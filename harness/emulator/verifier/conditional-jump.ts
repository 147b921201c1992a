/** Conditional jumps: check_cond_jmp_op. A comparison with 0 tells whether a lookup found something. */
import { ERRNO } from "../../../bpf/errno.ts";
import { CLASS, JMP_OP, OPCODE_MASK, SOURCE } from "../../../bpf/instruction.ts";
import type { Code } from "../code.ts";
import { constant, immediate, type MapValuePointer, type RegisterState, type Scalar } from "./register-state.ts";
import { Rejection } from "./rejection.ts";
import { branch, refine } from "./scalar.ts";
import { copyState, type Frame, type VerifierState } from "./verifier-state.ts";

const NULL_SCALAR = constant(0n);

/** mark_ptr_or_null_reg: what a pointer from a lookup is once it is known whether it is NULL. */
function decided(pointer: MapValuePointer, isNull: boolean): RegisterState {
  if (isNull) return NULL_SCALAR;
  const { inner } = pointer.map;
  if (inner === undefined) return { ...pointer, orNull: false };
  return { type: "map_ptr", map: inner, uid: inner.fields.timerOffset >= 0 ? pointer.id : 0 };
}

function decideAll(state: VerifierState, id: number, isNull: boolean): void {
  const decide = (held: RegisterState | undefined): RegisterState | undefined =>
    held?.type === "map_value" && held.orNull && held.id === id ? decided(held, isNull) : held;
  for (const { registers, stack } of state.frames) {
    for (let at = 0; at < registers.length; at++) registers[at] = decide(registers[at]) as RegisterState;
    for (let at = 0; at < stack.length; at++) stack[at] = decide(stack[at]);
  }
}

const isZero = (state: RegisterState): boolean => state.type === "scalar" && state.known === 0n;

/** Whether a comparison of a pointer that cannot be NULL with 0 is settled. */
function pointerBranch(op: number, dst: RegisterState, src: RegisterState): boolean | undefined {
  const isPointer = (dst.type === "map_value" && !dst.orNull) || dst.type === "map_key";
  if (!isPointer || !isZero(src)) return undefined;
  if (op === JMP_OP.eq) return false;
  return op === JMP_OP.ne ? true : undefined;
}

function refineRegisters(state: VerifierState, slot: number, code: Code, taken: boolean): void {
  const { registers } = state.frames.at(-1) as Frame;
  const opcode = code.opcode[slot] as number;
  const op = opcode & OPCODE_MASK.op;
  const wide = (opcode & OPCODE_MASK.class) === CLASS.jmp;
  const register = code.dst[slot] as number;
  const dst = registers[register] as RegisterState;
  const byRegister = (opcode & OPCODE_MASK.source) === SOURCE.x;
  const src = byRegister ? (registers[code.src[slot] as number] as RegisterState) : immediate(code.imm[slot] as number);
  if (dst.type === "scalar" && src.type === "scalar") registers[register] = refine(op, wide, dst, src as Scalar, taken);
  else if (dst.type === "map_value" && dst.orNull && isZero(src) && (op === JMP_OP.eq || op === JMP_OP.ne))
    decideAll(state, dst.id, (op === JMP_OP.eq) === taken);
}

/**
 * Follows the conditional jump at the state's slot: moves the state on, and returns the state of the other direction
 * where both are possible.
 * @throws {Rejection}
 */
export function checkConditionalJump(code: Code, state: VerifierState): VerifierState | undefined {
  const { slot } = state;
  const { registers } = state.frames.at(-1) as Frame;
  const opcode = code.opcode[slot] as number;
  const op = opcode & OPCODE_MASK.op;
  const wide = (opcode & OPCODE_MASK.class) === CLASS.jmp;
  const dst = registers[code.dst[slot] as number] as RegisterState;
  const byRegister = (opcode & OPCODE_MASK.source) === SOURCE.x;
  const src = byRegister ? (registers[code.src[slot] as number] as RegisterState) : immediate(code.imm[slot] as number);
  if (src.type === "uninitialized") throw new Rejection(-ERRNO.EACCES, `R${code.src[slot]} !read_ok`);
  if (dst.type === "uninitialized") throw new Rejection(-ERRNO.EACCES, `R${code.dst[slot]} !read_ok`);
  const target = slot + 1 + (code.offset[slot] as number);
  const settled =
    dst.type === "scalar" && src.type === "scalar" ? branch(op, wide, dst, src) : pointerBranch(op, dst, src);
  if (settled !== undefined) {
    state.slot = settled ? target : slot + 1;
    return undefined;
  }
  const other = copyState(state);
  refineRegisters(other, slot, code, true);
  other.slot = target;
  refineRegisters(state, slot, code, false);
  state.slot = slot + 1;
  return other;
}
