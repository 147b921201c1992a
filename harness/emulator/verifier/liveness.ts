/**
 * Which registers are read later, and of which the exact number matters later. The verifier compares states where
 * paths join; what nobody reads, or only copies around, need not be the same for the paths to be one. (The kernel
 * finds the same out while it explores: REG_LIVE_READ and precise.)
 */
import { ALU_OP, CLASS, JMP_OP, MODE, OPCODE_MASK, SOURCE } from "../../../bpf/instruction.ts";
import { BPF_PSEUDO_CALL } from "../../../bpf/uapi.ts";
import { type Code, isJumpClass, slotsAt } from "../code.ts";
import { HELPER_PROTOTYPES } from "./helper-prototypes.ts";
import { fallsThrough, jumpTarget, referredFunction, type Subprogram } from "./subprograms.ts";

/** For each slot, a bit for each register. */
export interface Liveness {
  readonly live: Int32Array;
  readonly precise: Int32Array;
}

const CALLER_SAVED = 0b11_1111;
const ARGUMENTS = 0b11_1110;
const FRAME_POINTER = 10;

/** Registers that hold the first `count` arguments. */
const argumentMask = (count: number): number => ((1 << count) - 1) << 1;

/** Fills in one slot from its successors' masks. Returns whether anything changed. */
function transfer(code: Code, slot: number, { live, precise }: Liveness, returnIsPrecise: boolean): boolean {
  const opcode = code.opcode[slot] as number;
  const dst = 1 << (code.dst[slot] as number);
  const src = 1 << (code.src[slot] as number);
  const group = opcode & OPCODE_MASK.class;
  const op = opcode & OPCODE_MASK.op;
  const byRegister = (opcode & OPCODE_MASK.source) === SOURCE.x;
  let liveOut = 0;
  let preciseOut = 0;
  const target = jumpTarget(code, slot);
  if (target >= 0) {
    liveOut |= live[target] as number;
    preciseOut |= precise[target] as number;
  }
  if (fallsThrough(code, slot)) {
    const next = slot + slotsAt(code, slot);
    liveOut |= (live[next] as number | undefined) ?? 0;
    preciseOut |= (precise[next] as number | undefined) ?? 0;
  }
  if (group === CLASS.alu || group === CLASS.alu64) {
    if (op === ALU_OP.mov) {
      const moved = byRegister && (preciseOut & dst) !== 0 ? src : 0;
      liveOut = (liveOut & ~dst) | (byRegister ? src : 0);
      preciseOut = (preciseOut & ~dst) | moved;
    } else {
      liveOut |= dst | (byRegister ? src : 0);
      // A sum may be an address, where what is added has to be known.
      const isSum = group === CLASS.alu64 && (op === ALU_OP.add || op === ALU_OP.sub);
      if (byRegister && (isSum || (preciseOut & dst) !== 0)) preciseOut |= src;
      if (isSum && byRegister) preciseOut |= dst;
    }
  } else if (group === CLASS.ldx) {
    liveOut = (liveOut & ~dst) | src;
    preciseOut = (preciseOut & ~dst) | src;
  } else if (group === CLASS.st || group === CLASS.stx) {
    liveOut |= dst | (group === CLASS.stx ? src : 0);
    preciseOut |= dst;
    // What goes to the stack may be loaded again and then matter.
    if (group === CLASS.stx && code.dst[slot] === FRAME_POINTER) preciseOut |= src;
    if ((opcode & OPCODE_MASK.mode) === MODE.atomic) liveOut |= 1;
  } else if (group === CLASS.ld) {
    liveOut &= (opcode & OPCODE_MASK.mode) === MODE.imm ? ~dst : ~1;
    preciseOut &= (opcode & OPCODE_MASK.mode) === MODE.imm ? ~dst : ~1;
  } else if (isJumpClass(opcode)) {
    if (op === JMP_OP.exit) {
      liveOut = 1;
      preciseOut = returnIsPrecise ? 1 : 0;
    } else if (op === JMP_OP.call) {
      liveOut &= ~CALLER_SAVED;
      preciseOut &= ~CALLER_SAVED;
      const callee = code.src[slot] === BPF_PSEUDO_CALL ? referredFunction(code, slot) : undefined;
      if (callee !== undefined) {
        liveOut |= (live[callee] as number) & ARGUMENTS;
        preciseOut |= (precise[callee] as number) & ARGUMENTS;
      } else {
        const count = HELPER_PROTOTYPES.get(code.imm[slot] as number)?.arguments.length ?? 5;
        liveOut |= argumentMask(count);
      }
    } else if (op !== JMP_OP.ja) {
      liveOut |= dst | (byRegister ? src : 0);
      preciseOut |= dst | (byRegister ? src : 0);
    }
  }
  const changed = live[slot] !== liveOut || precise[slot] !== preciseOut;
  live[slot] = liveOut;
  precise[slot] = preciseOut;
  return changed;
}

/** The slots at which instructions start, last first. */
function slotsBackwards(code: Code, subprograms: readonly Subprogram[]): Int32Array {
  const slots: number[] = [];
  for (const { start, end } of subprograms)
    for (let slot = start; slot < end; slot += slotsAt(code, slot)) slots.push(slot);
  return Int32Array.from(slots.reverse());
}

/** Works out the masks until nothing changes; functions that are called come late in a program, so twice is usual. */
export function findLiveness(code: Code, subprograms: readonly Subprogram[], returnIsPrecise: boolean): Liveness {
  const liveness = { live: new Int32Array(code.length), precise: new Int32Array(code.length) };
  const slots = slotsBackwards(code, subprograms);
  const called = new Set<number | undefined>();
  for (const slot of slots) if (code.src[slot] === BPF_PSEUDO_CALL) called.add(referredFunction(code, slot));
  const ofCalled = subprograms.filter(({ start }) => called.has(start));
  // What a function returns to its caller may matter there.
  const isPrecise = (slot: number): boolean =>
    returnIsPrecise || ofCalled.some(({ start, end }) => start <= slot && slot < end);
  for (let changed = true; changed; ) {
    changed = false;
    for (const slot of slots) if (transfer(code, slot, liveness, isPrecise(slot))) changed = true;
  }
  return liveness;
}
