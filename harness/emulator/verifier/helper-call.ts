/** Calls of helpers: check_helper_call and check_func_arg, with the rules of timers and spin locks among them. */
import { ERRNO } from "../../../bpf/errno.ts";
import { BPF_F_RDONLY_PROG, HELPER, helperName } from "../../../bpf/uapi.ts";
import type { BpfMap } from "../maps/bpf-map.ts";
import { kfuncsOf } from "../program.ts";
import type { Environment } from "./environment.ts";
import { type Argument, HELPER_PROTOTYPES, type HelperPrototype } from "./helper-prototypes.ts";
import { restoreInterrupts, saveInterrupts } from "./interrupts.ts";
import { checkHelperMemory } from "./memory-access.ts";
import { checkMapHelper } from "./program-types.ts";
import {
  type MapValuePointer,
  type RegisterState,
  ranged,
  typeName,
  UNINITIALIZED,
  UNKNOWN,
} from "./register-state.ts";
import { Rejection } from "./rejection.ts";
import { missingField } from "./timer-rules.ts";
import { type Frame, newFrame, type VerifierState } from "./verifier-state.ts";

/** struct bpf_call_arg_meta: what earlier arguments of the call have told. */
interface CallMeta {
  readonly id: number;
  map: BpfMap | undefined;
  uid: number;
}

const displayName = (id: number): string => `bpf_${helperName(id) ?? "unknown"}#${id}`;

/** process_timer_func. */
function checkTimer(environment: Environment, register: number, pointer: MapValuePointer, meta: CallMeta): void {
  environment.rules.checkTimer(pointer, register, environment.profile);
  meta.map = pointer.map;
  meta.uid = pointer.uid;
}

/** process_spin_lock. */
function checkSpinLock(
  environment: Environment,
  state: VerifierState,
  register: number,
  pointer: MapValuePointer,
  meta: CallMeta,
): void {
  const { map, id } = pointer;
  const { hasBtf, spinLockOffset } = map.fields;
  const { specialArgumentErrno, specialFields } = environment.profile;
  const reject = (message: string): never => {
    throw new Rejection(specialArgumentErrno, message);
  };
  if (pointer.min !== pointer.max)
    reject(`R${register} doesn't have constant offset. bpf_spin_lock has to be at the constant offset`);
  if (!hasBtf) reject(`map '${map.spec.name}' has to have BTF in order to use bpf_spin_lock`);
  if (spinLockOffset < 0)
    reject(
      specialFields === "record"
        ? `map '${map.spec.name}' has no valid bpf_spin_lock`
        : missingField(map, "bpf_spin_lock", spinLockOffset),
    );
  const offset = pointer.offset + pointer.min;
  if (offset !== spinLockOffset) reject(`off ${offset} doesn't point to 'struct bpf_spin_lock'`);
  if (meta.id === HELPER.spin_lock) {
    if (state.lock !== undefined) reject("Locking two bpf_spin_locks are not allowed");
    state.lock = id !== 0 || environment.profile.remembersLockWithoutId ? { map, id } : undefined;
    return;
  }
  if (state.lock === undefined) reject("bpf_spin_unlock without taking a lock");
  if (state.lock?.map !== map || state.lock.id !== id) reject("bpf_spin_unlock of different lock");
  state.lock = undefined;
}

function mapValue(register: number, pointer: RegisterState): MapValuePointer {
  if (pointer.type === "map_value" && !pointer.orNull) return pointer;
  throw new Rejection(-ERRNO.EACCES, `R${register} type=${typeName(pointer)} expected=map_value`);
}

/** check_func_arg for one argument. */
function checkArgument(
  environment: Environment,
  state: VerifierState,
  argument: Argument,
  register: number,
  pointer: RegisterState,
  meta: CallMeta,
): void {
  if (pointer.type === "uninitialized") throw new Rejection(-ERRNO.EACCES, `R${register} !read_ok`);
  switch (argument) {
    case "anything":
      return;
    case "map":
      if (pointer.type !== "map_ptr")
        throw new Rejection(-ERRNO.EACCES, `R${register} type=${typeName(pointer)} expected=map_ptr`);
      if (meta.map !== undefined && !environment.rules.isTimersMap({ map: meta.map, uid: meta.uid }, pointer))
        throw new Rejection(
          -ERRNO.EINVAL,
          `timer pointer in R1 map_uid=${meta.uid} doesn't match map pointer in R2 map_uid=${pointer.uid}`,
        );
      meta.map = pointer.map;
      meta.uid = pointer.uid;
      return;
    case "key":
      checkHelperMemory(environment, register, pointer, meta.map?.spec.keySize ?? 0);
      return;
    case "value":
      checkHelperMemory(environment, register, pointer, meta.map?.spec.valueSize ?? 0);
      return;
    case "spin-lock":
      checkSpinLock(environment, state, register, mapValue(register, pointer), meta);
      return;
    case "timer":
      checkTimer(environment, register, mapValue(register, pointer), meta);
      return;
    case "function":
      if (pointer.type !== "func")
        throw new Rejection(-ERRNO.EACCES, `R${register} type=${typeName(pointer)} expected=func`);
  }
}

/** get_func_proto, and what the program's licence forbids. */
function findPrototype(environment: Environment, id: number): HelperPrototype {
  const prototype = HELPER_PROTOTYPES.get(id);
  const { profile, rules, spec } = environment;
  if (prototype === undefined || !rules.hasHelper(id, spec))
    throw new Rejection(-ERRNO.EINVAL, `${profile.unknownHelperMessage} ${displayName(id)}`);
  if (prototype.gplOnly && !environment.isGpl)
    throw new Rejection(-ERRNO.EINVAL, "cannot call GPL-restricted function from non-GPL compatible program");
  return prototype;
}

/**
 * The kfunc that the call at this slot names; undefined where this kernel has none of that name. A loader then hands in
 * id 0, and the call is passed over: only what is left of it at the end is refused (fixup_kfunc_call).
 */
function findKfunc(environment: Environment, slot: number): string | undefined {
  const { code, profile, spec, rules } = environment;
  const name = kfuncsOf(spec).get(slot) ?? "";
  if (rules.hasKfunc(name, spec, profile)) return name;
  environment.missingKfunc ??= `calling kernel function ${name}#${code.imm[slot]} is not allowed`;
  return undefined;
}

const INTERRUPT_KFUNCS: ReadonlyMap<string, (state: VerifierState, flags: RegisterState) => void> = new Map([
  ["bpf_local_irq_save", saveInterrupts],
  ["bpf_local_irq_restore", restoreInterrupts],
]);

/** check_kfunc_call: each takes a timer or the state of the interrupts, and every type may call it (common_kfunc_set). @throws {Rejection} */
export function checkKfuncCall(environment: Environment, state: VerifierState): void {
  const name = findKfunc(environment, state.slot);
  if (name === undefined) return;
  if (!environment.isGpl)
    throw new Rejection(-ERRNO.EINVAL, "cannot call kernel function from non-GPL compatible program");
  const { registers } = state.frames.at(-1) as Frame;
  const pointer = registers[1] as RegisterState;
  if (pointer.type === "uninitialized") throw new Rejection(-ERRNO.EACCES, "R1 !read_ok");
  const interrupts = INTERRUPT_KFUNCS.get(name);
  if (interrupts === undefined) checkTimer(environment, 1, mapValue(1, pointer), { id: 0, map: undefined, uid: 0 });
  else interrupts(state, pointer);
  for (let register = 1; register <= 5; register++) registers[register] = UNINITIALIZED;
  registers[0] = interrupts === undefined ? UNKNOWN : UNINITIALIZED;
}

/** The state in which a timer's callback starts: set_timer_callback_state. */
function callbackState(environment: Environment, entry: number, timer: MapValuePointer): VerifierState {
  const { map } = timer;
  const uid = environment.profile.callbackKeepsMapUid ? timer.uid : 0;
  const frame: Frame = newFrame(0, environment.subprogramAt(entry).index, -1, true);
  frame.registers[1] = { type: "map_ptr", map, uid };
  frame.registers[2] = { type: "map_key", map, offset: 0 };
  frame.registers[3] = { type: "map_value", map, uid, orNull: false, id: 0, offset: 0, min: 0, max: 0 };
  return { slot: entry, frames: [frame], lock: undefined, irqFlags: [] };
}

function returned(environment: Environment, prototype: HelperPrototype, meta: CallMeta): RegisterState {
  switch (prototype.returns) {
    case "void":
      return UNINITIALIZED;
    case "integer":
      return UNKNOWN;
    case "processor-id":
      return environment.profile.processorIdBounded ? ranged(0, environment.processors - 1) : UNKNOWN;
    case "value-or-null":
      if (meta.map === undefined) return UNKNOWN;
      return {
        type: "map_value",
        map: meta.map,
        uid: meta.uid,
        orNull: true,
        id: environment.nextId(),
        offset: 0,
        min: 0,
        max: 0,
      };
  }
}

/**
 * Checks a call of helper `id` and updates the registers; a timer's callback is queued to be explored.
 * @throws {Rejection}
 */
export function checkHelperCall(environment: Environment, state: VerifierState, id: number): void {
  const prototype = findPrototype(environment, id);
  const { registers } = state.frames.at(-1) as Frame;
  const meta: CallMeta = { id, map: undefined, uid: 0 };
  for (let register = 1; register <= prototype.arguments.length; register++) {
    const argument = prototype.arguments[register - 1] as Argument;
    checkArgument(environment, state, argument, register, registers[register] as RegisterState, meta);
  }
  const updates = id === HELPER.map_update_elem || id === HELPER.map_delete_elem;
  if (updates && meta.map !== undefined && (meta.map.spec.flags & BPF_F_RDONLY_PROG) !== 0)
    throw new Rejection(-ERRNO.EACCES, "write into map forbidden");
  if (id === HELPER.timer_set_callback) {
    const timer = registers[1];
    const callback = registers[2];
    if (timer?.type === "map_value" && callback?.type === "func")
      environment.explore(callbackState(environment, callback.entry, timer));
  }
  if (meta.map !== undefined && prototype.arguments[0] === "map") checkMapHelper(meta.map, updates, displayName(id));
  for (let register = 1; register <= 5; register++) registers[register] = UNINITIALIZED;
  registers[0] = returned(environment, prototype, meta);
}
