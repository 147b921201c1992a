/**
 * The functions a program consists of: add_subprog_and_kfunc, check_subprogs, check_btf_func and check_cfg of
 * kernel/bpf/verifier.c.
 */
import type { Btf } from "../../../bpf/btf.ts";
import { ERRNO } from "../../../bpf/errno.ts";
import { CLASS, JMP_OP, LOAD_IMM64, OPCODE_MASK } from "../../../bpf/instruction.ts";
import { BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC } from "../../../bpf/uapi.ts";
import type { CompiledProgram } from "../../../scenario/compiled-scenario.ts";
import { type Code, isJumpClass, slotsAt } from "../code.ts";
import { Rejection } from "./rejection.ts";

export interface Subprogram {
  readonly index: number;
  /** First slot, and the slot after the last. */
  readonly start: number;
  readonly end: number;
  readonly isGlobal: boolean;
  /** Its parameters as its BTF declares them: which are numbers. */
  readonly parameters: readonly ("scalar" | "pointer")[];
}

const opOf = (code: Code, slot: number): number => (code.opcode[slot] as number) & OPCODE_MASK.op;
const isCall = (code: Code, slot: number): boolean =>
  code.opcode[slot] === (CLASS.jmp | JMP_OP.call) && code.src[slot] === BPF_PSEUDO_CALL;
const isFunctionAddress = (code: Code, slot: number): boolean =>
  code.opcode[slot] === LOAD_IMM64 && code.src[slot] === BPF_PSEUDO_FUNC;

/** The slot a call or a function address refers to; undefined for any other instruction. */
export function referredFunction(code: Code, slot: number): number | undefined {
  if (!isCall(code, slot) && !isFunctionAddress(code, slot)) return undefined;
  return slot + 1 + (code.imm[slot] as number);
}

/** The slot a jump goes to; -1 for anything else than a jump. */
export function jumpTarget(code: Code, slot: number): number {
  const opcode = code.opcode[slot] as number;
  const op = opcode & OPCODE_MASK.op;
  if (!isJumpClass(opcode) || op === JMP_OP.call || op === JMP_OP.exit) return -1;
  const isLong = opcode === (CLASS.jmp32 | JMP_OP.ja);
  return slot + 1 + ((isLong ? code.imm[slot] : code.offset[slot]) as number);
}

const isJump = (code: Code, slot: number): boolean => {
  const op = opOf(code, slot);
  return isJumpClass(code.opcode[slot] as number) && op !== JMP_OP.call && op !== JMP_OP.exit;
};

/** Whether control can go from this slot to the next. */
export function fallsThrough(code: Code, slot: number): boolean {
  const op = opOf(code, slot);
  return !(isJumpClass(code.opcode[slot] as number) && (op === JMP_OP.exit || op === JMP_OP.ja));
}

function findStarts(code: Code): number[] {
  const starts = new Set([0]);
  for (let slot = 0; slot < code.length; slot += slotsAt(code, slot)) {
    const target = referredFunction(code, slot);
    if (target === undefined) continue;
    if (target < 0 || target >= code.length)
      throw new Rejection(-ERRNO.EINVAL, `call to invalid destination ${target}`);
    starts.add(target);
  }
  return [...starts].sort((a, b) => a - b);
}

function checkJumps(code: Code, start: number, end: number): void {
  let last = start;
  for (let slot = start; slot < end; slot += slotsAt(code, slot)) {
    last = slot;
    const target = jumpTarget(code, slot);
    if (isJump(code, slot) && (target < start || target >= end))
      throw new Rejection(-ERRNO.EINVAL, `jump out of range from insn ${slot} to ${target}`);
  }
  if (fallsThrough(code, last)) throw new Rejection(-ERRNO.EINVAL, "last insn is not an exit or jmp");
}

/** check_btf_func: the program's func_info names exactly its functions, each a func of the BTF. */
function checkFunctionInfo(starts: readonly number[], spec: CompiledProgram, btf: Btf): void {
  if (spec.funcInfo.length === 0) return;
  const reject = (message: string): never => {
    throw new Rejection(-ERRNO.EINVAL, message);
  };
  if (spec.funcInfo.length !== starts.length) reject("number of funcs in func_info doesn't match number of subprogs");
  for (const [at, { instruction, typeId }] of spec.funcInfo.entries()) {
    if (instruction !== starts[at]) reject("func_info BTF section doesn't match subprog layout in BPF program");
    if (btf.types[typeId]?.kind !== "func") reject(`invalid type id ${typeId} in func info`);
  }
}

/** The first slot that no path from the program's start reaches, as check_cfg looks for it; -1 where there is none. */
export function findUnreachable(code: Code): number {
  const reached = new Uint8Array(code.length);
  const open: number[] = [0];
  const reach = (slot: number): void => {
    if (slot >= 0 && slot < code.length && reached[slot] === 0) open.push(slot);
  };
  for (let slot = open.pop(); slot !== undefined; slot = open.pop()) {
    if (reached[slot] === 1) continue;
    reached[slot] = 1;
    const slots = slotsAt(code, slot);
    if (slots === 2) reached[slot + 1] = 1;
    reach(jumpTarget(code, slot));
    reach(referredFunction(code, slot) ?? -1);
    if (fallsThrough(code, slot)) reach(slot + slots);
  }
  return reached.indexOf(0);
}

/** The functions in order. @throws {Rejection} where their layout or their func_info is wrong */
export function findSubprograms(code: Code, spec: CompiledProgram, btf: Btf): Subprogram[] {
  const starts = findStarts(code);
  const ends = [...starts.slice(1), code.length];
  for (const [at, start] of starts.entries()) checkJumps(code, start, ends[at] as number);
  checkFunctionInfo(starts, spec, btf);
  return starts.map((start, index) => {
    const type = btf.types[spec.funcInfo[index]?.typeId ?? 0];
    const prototype = type?.kind === "func" ? btf.types[type.typeId] : undefined;
    return {
      index,
      start,
      end: ends[index] as number,
      isGlobal: type?.linkage === "global",
      parameters: (prototype?.parameters ?? []).map(({ typeId }) =>
        btf.types[typeId]?.kind === "ptr" ? "pointer" : "scalar",
      ),
    };
  });
}
