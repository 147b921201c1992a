/**
 * How kernel versions differ in what the emulator models, as data. A profile is one kernel line as its distribution
 * ships it, stable backports included; each field cites the change that made the difference.
 */
import { ERRNO } from "../../bpf/errno.ts";
import {
  BPF_F_RDONLY_PROG,
  BPF_F_TIMER_ABS,
  BPF_F_TIMER_CPU_PIN,
  BPF_F_WRONLY_PROG,
  BPF_PROG_TYPE,
} from "../../bpf/uapi.ts";

export interface Profile {
  readonly linux: { readonly major: number; readonly minor: number };
  /** The flags bpf_timer_start takes. BPF_F_TIMER_ABS: 6.4; BPF_F_TIMER_CPU_PIN: 6.7. */
  readonly timerStartFlags: number;
  /**
   * What the verifier returns for a bad timer or lock argument: -EACCES whatever was wrong, until 6.2 ("bpf: Propagate
   * errors from process_* checks in check_func_arg").
   */
  readonly specialArgumentErrno: number;
  /**
   * How a map's BTF is searched for special fields. `separate`: each kind for itself, at the top level of the struct,
   * a field out of alignment being an error. `record`: all kinds at once, so that an error in one loses all, nested
   * structs included, a field out of alignment being ignored. 6.2 ("bpf: Consolidate spin_lock, timer management into
   * btf_record").
   */
  readonly specialFields: "separate" | "record";
  /** Map flags with which a timer is refused. Both since 6.2, with `record` above. */
  readonly mapFlagsRefusedWithTimer: number;
  /** Map flags with which a spin lock is refused. */
  readonly mapFlagsRefusedWithSpinLock: number;
  /** The errno for a spin lock in a map type that cannot have one: -ENOTSUPP until 6.2. */
  readonly spinLockMapTypeErrno: number;
  /** Whether a map with a spin lock can be an inner map. 6.2 ("bpf: Allow locking bpf_spin_lock in inner map values"). */
  readonly innerMapMayHaveSpinLock: boolean;
  /** Whether sleepable programs can use maps with a spin lock. 6.7 ("bpf: Allow bpf_spin_{lock,unlock} in sleepable progs"). */
  readonly sleepableMayUseSpinLock: boolean;
  /** Whether static functions can be called under a spin lock. 6.9 ("bpf: Allow calling static subprogs while holding a bpf_spin_lock"). */
  readonly staticCallsUnderSpinLock: boolean;
  /** Whether only global functions that are called are verified. 6.8 ("bpf: Validate global subprogs lazily"). */
  readonly uncalledGlobalsSkipped: boolean;
  /** Whether a timer's callback keeps the identity of an inner map. 7.x, in 6.12 as a stable backport (set_timer_callback_state). */
  readonly callbackKeepsMapUid: boolean;
  /** Whether the verifier knows that bpf_get_smp_processor_id is below the number of processors. 6.10 (do_refine_retval_range). */
  readonly processorIdBounded: boolean;
  /** What a function's stack use is rounded up to, and what none at all counts: less where it will be jited, 6.8 (round_up_stack_depth). */
  readonly stackRounding: { readonly bytes: number; readonly emptyBytes: number };
  /** How many free nodes an LRU map collects at once: 128, or scaled to its size. 6.16 and stable ("bpf: Adjust free target to avoid global starvation of LRU map"). */
  readonly lruFreeTarget: "fixed" | "scaled";
  /** Program types that this kernel, as configured, does not know. */
  readonly unknownProgramTypes: ReadonlySet<number>;
  /** The start of the verifier's message for a helper that the program's type lacks. 6.8 changed the wording. */
  readonly unknownHelperMessage: string;
}

const linux6_1: Profile = {
  linux: { major: 6, minor: 1 },
  timerStartFlags: 0,
  specialArgumentErrno: -ERRNO.EACCES,
  specialFields: "separate",
  mapFlagsRefusedWithTimer: BPF_F_RDONLY_PROG,
  mapFlagsRefusedWithSpinLock: BPF_F_RDONLY_PROG,
  spinLockMapTypeErrno: -ERRNO.ENOTSUPP,
  innerMapMayHaveSpinLock: false,
  sleepableMayUseSpinLock: false,
  staticCallsUnderSpinLock: false,
  uncalledGlobalsSkipped: false,
  callbackKeepsMapUid: false,
  processorIdBounded: false,
  stackRounding: { bytes: 32, emptyBytes: 32 },
  lruFreeTarget: "fixed",
  // BPF_PROG_TYPE_NETFILTER is of 6.4; the cloud kernels have no infrared (CONFIG_BPF_LIRC_MODE2).
  unknownProgramTypes: new Set([BPF_PROG_TYPE.NETFILTER, BPF_PROG_TYPE.LIRC_MODE2]),
  unknownHelperMessage: "unknown func",
};

const linux6_12: Profile = {
  ...linux6_1,
  linux: { major: 6, minor: 12 },
  timerStartFlags: BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN,
  specialArgumentErrno: -ERRNO.EINVAL,
  specialFields: "record",
  mapFlagsRefusedWithTimer: BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG,
  mapFlagsRefusedWithSpinLock: BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG,
  spinLockMapTypeErrno: -ERRNO.EOPNOTSUPP,
  innerMapMayHaveSpinLock: true,
  sleepableMayUseSpinLock: true,
  staticCallsUnderSpinLock: true,
  uncalledGlobalsSkipped: true,
  callbackKeepsMapUid: true,
  processorIdBounded: true,
  stackRounding: { bytes: 16, emptyBytes: 0 },
  lruFreeTarget: "scaled",
  unknownProgramTypes: new Set([BPF_PROG_TYPE.LIRC_MODE2]),
  unknownHelperMessage: "program of this type cannot use helper",
};

/** Every profile, oldest first, by the version that `emulator:VERSION` takes. */
export const profiles: Readonly<Record<string, Profile>> = { "6.1": linux6_1, "6.12": linux6_12 };
