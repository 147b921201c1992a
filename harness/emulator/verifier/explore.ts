/** Follows every path of a program with what is known about its registers: do_check. */
import { ERRNO } from "../../../bpf/errno.ts";
import { CLASS, JMP_OP, LOAD_IMM64, MODE, OPCODE_MASK, SIZE } from "../../../bpf/instruction.ts";
import { BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC, BPF_PSEUDO_KFUNC_CALL, BPF_PSEUDO_MAP_FD } from "../../../bpf/uapi.ts";
import { checkArithmetic } from "./arithmetic.ts";
import { checkConditionalJump } from "./conditional-jump.ts";
import type { Environment } from "./environment.ts";
import { checkHelperCall, checkKfuncCall } from "./helper-call.ts";
import { checkLoad, checkStore, stackDepth } from "./memory-access.ts";
import { returnRange } from "./program-types.ts";
import { constant, immediate, type RegisterState, typeName, UNINITIALIZED, UNKNOWN } from "./register-state.ts";
import { Rejection } from "./rejection.ts";
import { jumpTarget, referredFunction } from "./subprograms.ts";
import { copyState, FRAME_POINTER, type Frame, newFrame, stateSubsumes, type VerifierState } from "./verifier-state.ts";

/** BPF_COMPLEXITY_LIMIT_INSNS. */
const INSTRUCTIONS_MAX = 1_000_000;
/** MAX_CALL_FRAMES. */
const FRAMES_MAX = 8;
const BYTES: Readonly<Record<number, number>> = { [SIZE.b]: 1, [SIZE.h]: 2, [SIZE.w]: 4, [SIZE.dw]: 8 };

const topFrame = (state: VerifierState): Frame => state.frames.at(-1) as Frame;
const bytesOf = (opcode: number): number => BYTES[opcode & OPCODE_MASK.size] as number;

function readable(register: number, frame: Frame): RegisterState {
  const held = frame.registers[register] as RegisterState;
  if (held.type === "uninitialized") throw new Rejection(-ERRNO.EACCES, `R${register} !read_ok`);
  return held;
}

/** Remembers how deep the function uses its stack, where the pointer is one into a stack (update_stack_depth). */
function noteStackUse(environment: Environment, state: VerifierState, pointer: RegisterState, offset: number): void {
  if (pointer.type !== "fp") return;
  const { subprogram } = state.frames[pointer.frame] as Frame;
  const depth = stackDepth(pointer.offset + offset);
  if (depth > (environment.stackDepths[subprogram] as number)) environment.stackDepths[subprogram] = depth;
}

/** check_ld_imm. */
function loadedImmediate(environment: Environment, slot: number): RegisterState {
  const { code, spec } = environment;
  const kind = code.src[slot] as number;
  if (kind === 0) {
    const low = BigInt((code.low[slot] as number) >>> 0);
    return constant((BigInt((code.high[slot] as number) >>> 0) << 32n) | low);
  }
  const reject = (message: string): never => {
    throw new Rejection(-ERRNO.EINVAL, message);
  };
  if (kind === BPF_PSEUDO_FUNC) {
    if (spec.funcInfo.length === 0) reject("missing btf func_info");
    const entry = referredFunction(code, slot) ?? 0;
    const subprogram = environment.subprogramAt(entry);
    if (subprogram.isGlobal) reject("callback function not static");
    if (subprogram.index === 0) reject("callback function cannot be the main program");
    return { type: "func", entry };
  }
  const map = environment.maps.get(slot);
  if (map === undefined) return reject("unrecognized bpf_ld_imm64 insn");
  if (kind === BPF_PSEUDO_MAP_FD) return { type: "map_ptr", map, uid: 0 };
  const offset = code.high[slot] as number;
  return { type: "map_value", map, uid: 0, orNull: false, id: 0, offset, min: 0, max: 0 };
}

/** A load or a store, whichever the class says; an atomic instruction is both. */
function checkMemory(environment: Environment, state: VerifierState, opcode: number): void {
  const { code } = environment;
  const { slot } = state;
  const frame = topFrame(state);
  const group = opcode & OPCODE_MASK.class;
  const dst = code.dst[slot] as number;
  const src = code.src[slot] as number;
  const offset = code.offset[slot] as number;
  const bytes = bytesOf(opcode);
  if (group === CLASS.ldx) {
    const pointer = readable(src, frame);
    if (dst === FRAME_POINTER) throw new Rejection(-ERRNO.EACCES, "frame pointer is read only");
    frame.registers[dst] = checkLoad(environment, state, src, pointer, offset, bytes);
    noteStackUse(environment, state, pointer, offset);
    return;
  }
  const value = group === CLASS.st ? immediate(code.imm[slot] as number) : readable(src, frame);
  const pointer = readable(dst, frame);
  const isAtomic = group === CLASS.stx && (opcode & OPCODE_MASK.mode) === MODE.atomic;
  if (isAtomic) checkLoad(environment, state, dst, pointer, offset, bytes);
  checkStore(environment, state, dst, pointer, offset, bytes, isAtomic ? UNKNOWN : value);
  noteStackUse(environment, state, pointer, offset);
  const FETCH = 0x01;
  const operation = code.imm[slot] as number;
  if (isAtomic && (operation & FETCH) !== 0) {
    const isCompare = (operation & 0xf0) === 0xf0;
    frame.registers[isCompare ? 0 : src] = UNKNOWN;
  }
}

function clobber(registers: RegisterState[]): void {
  for (let register = 0; register <= 5; register++) registers[register] = UNINITIALIZED;
}

/** check_func_call: goes on inside a static function; a global one is checked by itself. */
function checkFunctionCall(environment: Environment, state: VerifierState): void {
  const frame = topFrame(state);
  const { slot } = state;
  const entry = referredFunction(environment.code, slot) ?? 0;
  const callee = environment.subprogramAt(entry);
  (environment.calls[frame.subprogram] as Set<number>).add(callee.index);
  if (state.frames.length >= FRAMES_MAX)
    throw new Rejection(-ERRNO.E2BIG, `the call stack of ${FRAMES_MAX + 1} frames is too deep`);
  if (callee.isGlobal) {
    if (state.lock !== undefined)
      throw new Rejection(
        -ERRNO.EINVAL,
        "global function calls are not allowed while holding a lock, use static function instead",
      );
    for (const [at, kind] of callee.parameters.entries())
      if (kind === "scalar" && frame.registers[at + 1]?.type !== "scalar")
        throw new Rejection(-ERRNO.EINVAL, `Caller passes invalid args into func#${callee.index}`);
    environment.calledGlobals.add(callee.index);
    clobber(frame.registers);
    frame.registers[0] = UNKNOWN;
    state.slot++;
    return;
  }
  const inner = newFrame(state.frames.length, callee.index, slot, false);
  for (let register = 1; register <= 5; register++)
    inner.registers[register] = frame.registers[register] as RegisterState;
  clobber(frame.registers);
  state.frames.push(inner);
  state.slot = entry;
}

function checkCall(environment: Environment, state: VerifierState): void {
  const { code, profile, rules } = environment;
  const kind = code.src[state.slot] as number;
  const imm = code.imm[state.slot] as number;
  if (state.lock !== undefined) {
    const allowed =
      kind === BPF_PSEUDO_CALL ? profile.staticCallsUnderSpinLock : kind === 0 && rules.mayCallUnderLock(imm);
    if (!allowed) throw new Rejection(-ERRNO.EINVAL, "function calls are not allowed while holding a lock");
  }
  if (kind === BPF_PSEUDO_CALL) {
    checkFunctionCall(environment, state);
    return;
  }
  if (kind === BPF_PSEUDO_KFUNC_CALL) checkKfuncCall(environment, state);
  else checkHelperCall(environment, state, imm);
  state.slot++;
}

/** check_return_code. */
function checkReturn(environment: Environment, state: VerifierState): void {
  const frame = topFrame(state);
  const value = readable(0, frame);
  const isSubprogram = frame.subprogram !== 0;
  const { rules, spec } = environment;
  const range = frame.isAsyncCallback ? rules.callbackReturns : isSubprogram ? undefined : returnRange(spec);
  const exit = frame.isAsyncCallback ? "async callback" : "program exit";
  const reject = (message: string): never => {
    throw new Rejection(-ERRNO.EINVAL, message);
  };
  if (value.type !== "scalar") {
    if (isSubprogram || range !== undefined)
      reject(`At ${exit} the register R0 is not a known value (${typeName(value)})`);
    return;
  }
  if (range !== undefined && (value.min < range.min || value.max > range.max))
    reject(
      `At ${exit} the register R0 has ${value.known ?? "unknown scalar value"} should have been in [${range.min}, ${range.max}]`,
    );
}

/** An exit: back to the caller, or the end of this path (then true). */
function checkExit(environment: Environment, state: VerifierState): boolean {
  const isNested = state.frames.length > 1;
  if (state.lock !== undefined && !(isNested && environment.profile.staticCallsUnderSpinLock))
    throw new Rejection(-ERRNO.EINVAL, "bpf_spin_unlock is missing");
  if (!isNested) {
    if (state.irqFlags.length > 0)
      throw new Rejection(
        -ERRNO.EINVAL,
        "BPF_EXIT instruction in main prog cannot be used inside bpf_local_irq_save-ed region",
      );
    checkReturn(environment, state);
    return true;
  }
  const callee = state.frames.pop() as Frame;
  const result = readable(0, callee);
  if (result.type === "fp") throw new Rejection(-ERRNO.EINVAL, "cannot return stack pointer to the caller");
  topFrame(state).registers[0] = result;
  state.slot = callee.callSite + 1;
  return false;
}

/** One instruction. Returns true where the path ends. */
function checkInstruction(environment: Environment, state: VerifierState): boolean {
  const { code } = environment;
  const { slot } = state;
  const opcode = code.opcode[slot] as number;
  switch (opcode & OPCODE_MASK.class) {
    case CLASS.alu:
    case CLASS.alu64:
      checkArithmetic(code, slot, topFrame(state).registers);
      state.slot++;
      return false;
    case CLASS.ldx:
    case CLASS.st:
    case CLASS.stx:
      checkMemory(environment, state, opcode);
      state.slot++;
      return false;
    case CLASS.ld:
      if (opcode !== LOAD_IMM64) {
        clobber(topFrame(state).registers);
        topFrame(state).registers[0] = UNKNOWN;
        state.slot++;
        return false;
      }
      topFrame(state).registers[code.dst[slot] as number] = loadedImmediate(environment, slot);
      state.slot += 2;
      return false;
    default:
  }
  switch (opcode & OPCODE_MASK.op) {
    case JMP_OP.call:
      checkCall(environment, state);
      return false;
    case JMP_OP.exit:
      return checkExit(environment, state);
    case JMP_OP.ja:
      state.slot = jumpTarget(code, slot);
      return false;
    default: {
      const other = checkConditionalJump(code, state);
      if (other !== undefined) environment.explore(other);
      return false;
    }
  }
}

/**
 * Explores from the states queued in the environment until no path is left.
 * @throws {Rejection} at the first instruction that is not safe
 */
export function explore(environment: Environment): void {
  const { joins, liveness } = environment.analysis;
  const visited = new Map<number, VerifierState[]>();
  const isKnown = (state: VerifierState): boolean => {
    const known = visited.get(state.slot);
    if (known === undefined) {
      visited.set(state.slot, [copyState(state)]);
      return false;
    }
    if (known.some((old) => stateSubsumes(old, state, liveness))) return true;
    known.push(copyState(state));
    return false;
  };
  let instructions = 0;
  for (let state = environment.open.pop(); state !== undefined; state = environment.open.pop()) {
    for (;;) {
      if (joins[state.slot] === 1 && isKnown(state)) break;
      if (++instructions > INSTRUCTIONS_MAX)
        throw new Rejection(-ERRNO.E2BIG, `BPF program is too large. Processed ${instructions} insn`);
      if (checkInstruction(environment, state)) break;
    }
  }
}
