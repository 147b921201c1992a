/** What the verifier asks of timers, each rule named after where the kernel has it (kernel/bpf/verifier.c). */
import { ERRNO } from "../../../bpf/errno.ts";
import { BPF_TIMER_BYTES, HELPER } from "../../../bpf/uapi.ts";
import type { CompiledProgram } from "../../../scenario/compiled-scenario.ts";
import type { BpfMap } from "../maps/bpf-map.ts";
import type { Profile } from "../profiles.ts";
import { HELPER_PROTOTYPES } from "./helper-prototypes.ts";
import type { MapValuePointer } from "./register-state.ts";
import { Rejection } from "./rejection.ts";

/** A map as the verifier tells maps apart: `uid` is not 0 for one that was found in another. */
export interface KnownMap {
  readonly map: BpfMap;
  readonly uid: number;
}

/** How a value's bytes are touched: by a load, by a store, or by a helper that reads them. */
export type Access = "read" | "write" | "helper";

interface Range {
  readonly min: number;
  readonly max: number;
}

export interface TimerRules {
  /** get_func_proto: whether programs like this one have a helper. */
  hasHelper(id: number, spec: CompiledProgram): boolean;
  /** fetch_kfunc_meta: whether they have a kfunc. */
  hasKfunc(name: string, spec: CompiledProgram, profile: Profile): boolean;
  /** process_timer_func: whether a pointer points at its map's timer. @throws {Rejection} */
  checkTimer(pointer: MapValuePointer, register: number, profile: Profile): void;
  /** check_func_arg: whether the map that is handed in is the one that the timer is in. */
  isTimersMap(timer: KnownMap, map: KnownMap): boolean;
  /** do_check: whether a helper may be called while a spin lock is held. */
  mayCallUnderLock(id: number): boolean;
  /** check_map_access: whether bytes `from` to `to` of a value may be touched, as far as timers go. */
  mayTouch(map: BpfMap, from: number, to: number, access: Access): boolean;
  /** check_return_code: what a timer's callback may return; undefined for any number. */
  readonly callbackReturns: Range | undefined;
}

/** Why a map has no field of a kind, before 6.2. */
export function missingField(map: BpfMap, name: string, errno: number): string {
  if (errno === -ERRNO.E2BIG) return `map '${map.spec.name}' has more than one 'struct ${name}'`;
  if (errno === -ERRNO.ENOENT) return `map '${map.spec.name}' doesn't have 'struct ${name}'`;
  return `map '${map.spec.name}' is not a struct type or ${name} is mangled`;
}

function checkTimer({ map, min, max, offset }: MapValuePointer, register: number, profile: Profile): void {
  const { hasBtf, timerOffset } = map.fields;
  const { specialArgumentErrno, specialFields } = profile;
  const reject = (message: string): never => {
    throw new Rejection(specialArgumentErrno, message);
  };
  if (min !== max) reject(`R${register} doesn't have constant offset. bpf_timer has to be at the constant offset`);
  if (!hasBtf) reject(`map '${map.spec.name}' has to have BTF in order to use bpf_timer`);
  if (timerOffset < 0)
    reject(
      specialFields === "record"
        ? `map '${map.spec.name}' has no valid bpf_timer`
        : missingField(map, "bpf_timer", timerOffset),
    );
  const at = offset + min;
  if (at !== timerOffset) reject(`off ${at} doesn't point to 'struct bpf_timer' that is at ${timerOffset}`);
}

export const TIMER_RULES: TimerRules = {
  hasHelper: (id) => HELPER_PROTOTYPES.has(id),
  hasKfunc: (name, _spec, { kfuncs }) => kfuncs.has(name),
  checkTimer,
  isTimersMap: (timer, { map, uid }) => timer.map === map && timer.uid === uid,
  mayCallUnderLock: (id) => id === HELPER.spin_unlock,
  mayTouch({ fields: { timerOffset } }, from, to) {
    return timerOffset < 0 || from >= timerOffset + BPF_TIMER_BYTES || to <= timerOffset;
  },
  callbackReturns: { min: 0, max: 0 },
};
