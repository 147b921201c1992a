/** What a program may read and write: check_mem_access, check_map_access and check_helper_mem_access. */
import { ERRNO } from "../../../bpf/errno.ts";
import { BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, BPF_SPIN_LOCK_BYTES, BPF_WQ_BYTES } from "../../../bpf/uapi.ts";
import type { Environment } from "./environment.ts";
import type { MapKeyPointer, MapValuePointer, RegisterState, StackPointer } from "./register-state.ts";
import { typeName, UNKNOWN } from "./register-state.ts";
import { Rejection } from "./rejection.ts";
import type { Access, TimerRules } from "./timer-rules.ts";
import type { Frame, VerifierState } from "./verifier-state.ts";

/** MAX_BPF_STACK. */
export const STACK_BYTES = 512;
const SLOT_BYTES = 8;

function reject(message: string): never {
  throw new Rejection(-ERRNO.EACCES, message);
}

/** check_mem_region_access. */
function checkRegion(register: number, what: string, size: number, offset: number, bytes: number, max: number): void {
  if (max === Number.POSITIVE_INFINITY)
    reject(`R${register} unbounded memory access, make sure to bounds check any such access`);
  if (offset < 0 || offset + (max - 0) + bytes > size)
    reject(`invalid access to ${what}, value_size=${size} off=${offset} size=${bytes}`);
}

/** check_map_access_type. */
function checkMapFlags({ map }: MapValuePointer, access: "read" | "write"): void {
  if (access === "write" && (map.spec.flags & BPF_F_RDONLY_PROG) !== 0) reject("write into map forbidden");
  if (access === "read" && (map.spec.flags & BPF_F_WRONLY_PROG) !== 0) reject("read from map forbidden");
}

/** check_map_access: inside the value, and nowhere over a special field. */
function checkMapValue(
  { mayTouch }: TimerRules,
  register: number,
  pointer: MapValuePointer,
  offset: number,
  bytes: number,
  access: Access,
): void {
  const { map, min, max } = pointer;
  const at = pointer.offset + offset;
  if (at + min < 0) reject(`R${register} min value is outside of the allowed memory range`);
  checkRegion(register, "map value", map.spec.valueSize, at + min, bytes, max - min);
  const { spinLockOffset } = map.fields;
  const [from, to] = [at + min, at + max + bytes];
  if (spinLockOffset >= 0 && from < spinLockOffset + BPF_SPIN_LOCK_BYTES && spinLockOffset < to)
    reject("bpf_spin_lock cannot be accessed directly by load/store");
  if (!mayTouch(map, from, to, access)) reject("bpf_timer cannot be accessed directly by load/store");
  const { workQueueOffset } = map.fields;
  if (workQueueOffset >= 0 && from < workQueueOffset + BPF_WQ_BYTES && workQueueOffset < to)
    reject("bpf_wq cannot be accessed directly by load/store");
}

function checkStackBounds(register: number, offset: number, bytes: number, access: "read" | "write"): void {
  if (offset >= 0 || offset < -STACK_BYTES || offset + bytes > 0)
    reject(`invalid ${access} ${access === "read" ? "from" : "to"} stack R${register} off=${offset} size=${bytes}`);
}

const stackSlot = (offset: number): number => Math.floor((-offset - 1) / SLOT_BYTES);

function frameOf(state: VerifierState, pointer: StackPointer): Frame {
  return state.frames[pointer.frame] as Frame;
}

/** check_stack_read: what was spilled where a whole slot is read, else some number. */
function readStack(state: VerifierState, pointer: StackPointer, offset: number, bytes: number): RegisterState {
  if (bytes !== SLOT_BYTES) return UNKNOWN;
  return frameOf(state, pointer).stack[stackSlot(offset)] ?? UNKNOWN;
}

/** check_stack_write: a whole slot keeps what is written, a part makes it some number. */
function writeStack(
  state: VerifierState,
  pointer: StackPointer,
  offset: number,
  bytes: number,
  value: RegisterState,
): void {
  const { stack } = frameOf(state, pointer);
  if (bytes === SLOT_BYTES) {
    const slot = stackSlot(offset);
    while (stack.length <= slot) stack.push(undefined);
    stack[slot] = value;
    return;
  }
  const last = stackSlot(offset);
  for (let slot = stackSlot(offset + bytes - 1); slot <= last; slot++) if (slot < stack.length) stack[slot] = undefined;
}

/** What a helper may have written to the stack is some number from then on. */
function checkAlignment(pointer: StackPointer, offset: number, bytes: number): void {
  if (offset % bytes !== 0) reject(`misaligned stack access off ${pointer.offset}+${offset} size ${bytes}`);
}

function checkKey(register: number, pointer: MapKeyPointer, offset: number, bytes: number): void {
  checkRegion(register, "map key", pointer.map.spec.keySize, pointer.offset + offset, bytes, 0);
}

/** A context is 4 or 8 byte fields that programs here only read; its layout is of no concern to timers. */
const CONTEXT_BYTES = 256;

/**
 * Checks a load and gives what it loads. `depth` receives how deep the stack is used.
 * @throws {Rejection}
 */
export function checkLoad(
  { rules }: Environment,
  state: VerifierState,
  register: number,
  pointer: RegisterState,
  offset: number,
  bytes: number,
): RegisterState {
  switch (pointer.type) {
    case "map_value":
      if (pointer.orNull) break;
      checkMapFlags(pointer, "read");
      checkMapValue(rules, register, pointer, offset, bytes, "read");
      return UNKNOWN;
    case "map_key":
      checkKey(register, pointer, offset, bytes);
      return UNKNOWN;
    case "fp": {
      const at = pointer.offset + offset;
      checkAlignment(pointer, at, bytes);
      checkStackBounds(register, at, bytes, "read");
      return readStack(state, pointer, at, bytes);
    }
    case "ctx":
      if (pointer.offset + offset < 0 || pointer.offset + offset + bytes > CONTEXT_BYTES)
        reject(`invalid bpf_context access off=${offset} size=${bytes}`);
      return UNKNOWN;
    default:
  }
  return reject(`R${register} invalid mem access '${typeName(pointer)}'`);
}

/** Checks a store of `value`. @throws {Rejection} */
export function checkStore(
  { rules }: Environment,
  state: VerifierState,
  register: number,
  pointer: RegisterState,
  offset: number,
  bytes: number,
  value: RegisterState,
): void {
  switch (pointer.type) {
    case "map_value":
      if (pointer.orNull) break;
      checkMapFlags(pointer, "write");
      checkMapValue(rules, register, pointer, offset, bytes, "write");
      return;
    case "map_key":
      reject(`write to change key R${register} not allowed`);
      break;
    case "fp": {
      const at = pointer.offset + offset;
      checkAlignment(pointer, at, bytes);
      checkStackBounds(register, at, bytes, "write");
      writeStack(state, pointer, at, bytes, value);
      return;
    }
    case "ctx":
      reject(`invalid bpf_context access off=${offset} size=${bytes}`);
      break;
    default:
  }
  reject(`R${register} invalid mem access '${typeName(pointer)}'`);
}

/** Checks memory of `bytes` that a helper reads through a register. @throws {Rejection} */
export function checkHelperMemory(
  { rules }: Environment,
  register: number,
  pointer: RegisterState,
  bytes: number,
): void {
  switch (pointer.type) {
    case "map_value":
      if (pointer.orNull) break;
      checkMapFlags(pointer, "read");
      checkMapValue(rules, register, pointer, 0, bytes, "helper");
      return;
    case "map_key":
      checkKey(register, pointer, 0, bytes);
      return;
    case "fp":
      checkStackBounds(register, pointer.offset, bytes, "read");
      return;
    default:
  }
  reject(`R${register} type=${typeName(pointer)} expected=fp, pkt, pkt_meta, map_key, map_value`);
}

/** How many bytes of stack an access at this offset of the frame pointer makes the function need. */
export function stackDepth(offset: number): number {
  return Math.ceil(-offset / SLOT_BYTES) * SLOT_BYTES;
}
