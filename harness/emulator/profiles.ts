/**
 * How kernel versions differ in what the emulator models, as data: what the first one with timers does, and each change
 * since. A profile is one kernel line as its distribution ships it, stable backports included.
 */
import { ERRNO } from "../../bpf/errno.ts";
import {
  BPF_F_RDONLY_PROG,
  BPF_F_TIMER_ABS,
  BPF_F_TIMER_CPU_PIN,
  BPF_F_WRONLY_PROG,
  BPF_MAP_TYPE,
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
  /** The map types whose values can have a timer (map_check_btf). */
  readonly timerMapTypes: ReadonlySet<number>;
  /** Whether fields in arrays of one and in structs inside the value are found. 6.11 ("bpf: look into the types of the fields of a struct type recursively"). */
  readonly specialFieldsNest: boolean;
  /** Whether struct bpf_wq is a special field. 6.10 ("bpf: Add support for bpf_wq"). */
  readonly workQueues: boolean;
  /**
   * Whether the verifier keeps states apart by the number that a callback returns. Until 6.8 ("bpf: enforce precise
   * retval range on program exit") it forgot the number where two ways of the callback meet.
   */
  readonly returnIsPrecise: boolean;
  /**
   * Whether the timer helpers leave to an interrupt what they must not do while interrupts are off; bpf_timer_cancel,
   * which cannot wait for one, then refuses. 7.0 (defer_timer_wq_op).
   */
  readonly defersWithInterruptsOff: boolean;
  /** Map flags with which a timer is refused. Both since 6.2, with `record` above. */
  readonly mapFlagsRefusedWithTimer: number;
  /** Map flags with which a spin lock is refused. */
  readonly mapFlagsRefusedWithSpinLock: number;
  /** The errno for a spin lock in a map type that cannot have one: -ENOTSUPP until 6.2. */
  readonly spinLockMapTypeErrno: number;
  /** Whether a map with a spin lock can be an inner map. 6.2 ("bpf: Allow locking bpf_spin_lock in inner map values"). */
  readonly innerMapMayHaveSpinLock: boolean;
  /**
   * Whether the verifier remembers the lock of a value that has no id, as the one handed to a callback. Until 6.2 ("bpf:
   * Allow locking bpf_spin_lock in inner map values") it took that for no lock held: the unlock was refused.
   */
  readonly remembersLockWithoutId: boolean;
  /** Whether sleepable programs are refused hash maps that allocate as they go. Until 6.1 ("bpf: Remove prealloc-only restriction for sleepable bpf programs"). */
  readonly sleepableNeedsPreallocation: boolean;
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
  /** Whether programs of the tracing types can use maps with a timer. 7.0, when the helpers became safe in any context (check_map_prog_compatibility). */
  readonly tracingMayUseTimer: boolean;
  /**
   * The kfuncs there are. bpf_local_irq_save and bpf_local_irq_restore: 6.14 ("bpf: Introduce support for
   * bpf_local_irq_{save,restore}"). bpf_timer_cancel_async: 7.0 ("bpf: Introduce bpf_timer_cancel_async() kfunc").
   */
  readonly kfuncs: ReadonlySet<string>;
  /** Program types that this kernel, as configured, does not know. */
  readonly unknownProgramTypes: ReadonlySet<number>;
  /** The start of the verifier's message for a helper that the program's type lacks. 6.8 changed the wording. */
  readonly unknownHelperMessage: string;
}

/** What Linux 5.15 does, the first with timers. */
const FIRST: Omit<Profile, "linux"> = {
  timerStartFlags: 0,
  specialArgumentErrno: -ERRNO.EACCES,
  specialFields: "separate",
  timerMapTypes: new Set([BPF_MAP_TYPE.HASH, BPF_MAP_TYPE.LRU_HASH, BPF_MAP_TYPE.ARRAY]),
  specialFieldsNest: false,
  workQueues: false,
  returnIsPrecise: false,
  defersWithInterruptsOff: false,
  mapFlagsRefusedWithTimer: BPF_F_RDONLY_PROG,
  mapFlagsRefusedWithSpinLock: BPF_F_RDONLY_PROG,
  spinLockMapTypeErrno: -ERRNO.ENOTSUPP,
  innerMapMayHaveSpinLock: false,
  remembersLockWithoutId: false,
  sleepableNeedsPreallocation: true,
  sleepableMayUseSpinLock: false,
  staticCallsUnderSpinLock: false,
  uncalledGlobalsSkipped: false,
  callbackKeepsMapUid: false,
  processorIdBounded: false,
  stackRounding: { bytes: 32, emptyBytes: 32 },
  lruFreeTarget: "fixed",
  tracingMayUseTimer: false,
  kfuncs: new Set(),
  // The cloud kernels have no infrared (CONFIG_BPF_LIRC_MODE2).
  unknownProgramTypes: new Set([BPF_PROG_TYPE.NETFILTER, BPF_PROG_TYPE.LIRC_MODE2]),
  unknownHelperMessage: "unknown func",
};

const INTERRUPT_KFUNCS: ReadonlySet<string> = new Set(["bpf_local_irq_save", "bpf_local_irq_restore"]);

interface Change {
  /** The first release that has it, and the earlier lines that got it from stable. */
  readonly since: string;
  readonly alsoIn?: readonly string[];
  readonly to: Partial<Omit<Profile, "linux">>;
}

/** Oldest first: what a later change says of a field overrides what an earlier one said. */
const CHANGES: readonly Change[] = [
  { since: "6.1", to: { sleepableNeedsPreallocation: false } },
  {
    since: "6.2",
    to: {
      specialArgumentErrno: -ERRNO.EINVAL,
      specialFields: "record",
      mapFlagsRefusedWithTimer: BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG,
      mapFlagsRefusedWithSpinLock: BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG,
      spinLockMapTypeErrno: -ERRNO.EOPNOTSUPP,
      innerMapMayHaveSpinLock: true,
      remembersLockWithoutId: true,
    },
  },
  // BPF_PROG_TYPE_NETFILTER came with 6.4.
  {
    since: "6.4",
    to: { timerStartFlags: BPF_F_TIMER_ABS, unknownProgramTypes: new Set([BPF_PROG_TYPE.LIRC_MODE2]) },
  },
  { since: "6.7", to: { timerStartFlags: BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN, sleepableMayUseSpinLock: true } },
  {
    since: "6.8",
    to: {
      uncalledGlobalsSkipped: true,
      stackRounding: { bytes: 16, emptyBytes: 0 },
      unknownHelperMessage: "program of this type cannot use helper",
      returnIsPrecise: true,
    },
  },
  { since: "6.9", to: { staticCallsUnderSpinLock: true } },
  { since: "6.10", to: { processorIdBounded: true, workQueues: true } },
  { since: "6.11", to: { specialFieldsNest: true } },
  { since: "6.14", to: { kfuncs: INTERRUPT_KFUNCS } },
  { since: "6.16", alsoIn: ["6.12"], to: { lruFreeTarget: "scaled" } },
  { since: "7.0", alsoIn: ["6.12"], to: { callbackKeepsMapUid: true } },
  {
    since: "7.0",
    to: {
      tracingMayUseTimer: true,
      kfuncs: new Set([...INTERRUPT_KFUNCS, "bpf_timer_cancel_async"]),
      defersWithInterruptsOff: true,
    },
  },
];

/** The last release of each major number that has a profile; the first of all is 5.15. */
const LAST_MINOR: Readonly<Record<number, number>> = { 5: 19, 6: 19, 7: 3 };
const OLDEST = "5.15";
const NEWEST = "7.3";

/** What to write behind `emulator:`. */
export const PROFILE_RANGE = `${OLDEST} to ${NEWEST}`;

/** A number that orders releases. */
function rank(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 1000 + minor;
}

/** The profile of a release, `6.12`; undefined where there is no such release or none with timers. */
export function profileOf(version: string): Profile | undefined {
  const match = /^(\d)\.(\d{1,2})$/.exec(version);
  const [major, minor] = [Number(match?.[1]), Number(match?.[2])];
  if (match === null || rank(version) < rank(OLDEST) || !(minor <= (LAST_MINOR[major] ?? -1))) return undefined;
  const made = CHANGES.filter(({ since, alsoIn }) => rank(since) <= rank(version) || alsoIn?.includes(version));
  return Object.assign({ linux: { major, minor }, ...FIRST }, ...made.map(({ to }) => to));
}

/** Every release that has a profile, oldest first. */
export const releases: readonly string[] = Object.entries(LAST_MINOR)
  .flatMap(([major, last]) => Array.from({ length: last + 1 }, (_, minor) => `${major}.${minor}`))
  .filter((version) => rank(version) >= rank(OLDEST));

/** The releases people ask for: the lines kept alive for long, and those of which kernels are to be had. */
const NAMED = ["5.15", "6.1", "6.4", "6.6", "6.12", "6.16", "6.18", "6.19", "7.0", "7.1", "7.2", "7.3"];

/** Their profiles, oldest first. */
export const profiles: Readonly<Record<string, Profile>> = Object.fromEntries(
  NAMED.flatMap((version) => {
    const profile = profileOf(version);
    return profile === undefined ? [] : [[version, profile]];
  }),
);
