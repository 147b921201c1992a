/** One point of an exploration: the frames of the call chain and the lock held (struct bpf_verifier_state). */
import type { BpfMap } from "../maps/bpf-map.ts";
import type { Liveness } from "./liveness.ts";
import { type IdPairs, type RegisterState, subsumes, UNINITIALIZED, UNKNOWN } from "./register-state.ts";

const REGISTERS = 11;
export const FRAME_POINTER = 10;

export interface Frame {
  readonly registers: RegisterState[];
  /** Slot n holds the bytes from -8(n+1) to -8n; undefined is anything, the stack being readable uninitialized. */
  readonly stack: (RegisterState | undefined)[];
  /** The slot of the call, for the return; -1 in the first frame. */
  readonly callSite: number;
  readonly subprogram: number;
  /** Whether this is the first frame of a timer's callback. */
  readonly isAsyncCallback: boolean;
}

export interface Lock {
  readonly map: BpfMap;
  readonly id: number;
}

export interface VerifierState {
  slot: number;
  readonly frames: Frame[];
  lock: Lock | undefined;
  /** The stack slots that hold the saved state of the interrupts, the latest last: one for each region it is in. */
  readonly irqFlags: string[];
}

/** A frame whose registers hold nothing but the frame pointer. */
export function newFrame(depth: number, subprogram: number, callSite: number, isAsyncCallback: boolean): Frame {
  const registers: RegisterState[] = new Array<RegisterState>(REGISTERS).fill(UNINITIALIZED);
  registers[FRAME_POINTER] = { type: "fp", frame: depth, offset: 0 };
  return { registers, stack: [], callSite, subprogram, isAsyncCallback };
}

/** A copy to go on with in another direction. */
export function copyState(state: VerifierState): VerifierState {
  return {
    slot: state.slot,
    frames: state.frames.map(({ registers, stack, callSite, subprogram, isAsyncCallback }) => ({
      registers: registers.slice(),
      stack: stack.slice(),
      callSite,
      subprogram,
      isAsyncCallback,
    })),
    lock: state.lock,
    irqFlags: state.irqFlags.slice(),
  };
}

function frameSubsumes(old: Frame, current: Frame, live: number, precise: number, ids: IdPairs): boolean {
  for (let register = 0; register < FRAME_POINTER; register++) {
    const bit = 1 << register;
    if ((live & bit) === 0) continue;
    const was = old.registers[register] as RegisterState;
    if (!subsumes(was, current.registers[register] as RegisterState, (precise & bit) !== 0, ids)) return false;
  }
  for (let slot = 0; slot < old.stack.length; slot++) {
    const was = old.stack[slot];
    if (was !== undefined && !subsumes(was, current.stack[slot] ?? UNKNOWN, true, ids)) return false;
  }
  return true;
}

/** Registers 6 to 9: what a caller still has after a call. */
const CALLEE_SAVED = 0b11_1100_0000;

/** Whether everything found safe from `old` on is safe from `current` on (states_equal). */
export function stateSubsumes(old: VerifierState, current: VerifierState, liveness: Liveness): boolean {
  if (old.frames.length !== current.frames.length) return false;
  if (old.lock?.map !== current.lock?.map) return false;
  if (old.irqFlags.length !== current.irqFlags.length) return false;
  if (old.irqFlags.some((slot, at) => slot !== current.irqFlags[at])) return false;
  const ids: IdPairs = new Map();
  const top = old.frames.length - 1;
  for (let depth = 0; depth <= top; depth++) {
    const was = old.frames[depth] as Frame;
    const is = current.frames[depth] as Frame;
    if (was.callSite !== is.callSite || was.isAsyncCallback !== is.isAsyncCallback) return false;
    const next = depth === top ? current.slot : (current.frames[depth + 1] as Frame).callSite + 1;
    const mask = depth === top ? -1 : CALLEE_SAVED;
    const live = (liveness.live[next] as number) & mask;
    const precise = (liveness.precise[next] as number) & mask;
    if (!frameSubsumes(was, is, live, precise, ids)) return false;
  }
  const lockId = old.lock?.id;
  return lockId === undefined || current.lock === undefined || (ids.get(lockId) ?? current.lock.id) === current.lock.id;
}
