/** What the verifier asks of a program because of its type. */
import { ERRNO } from "../../../bpf/errno.ts";
import { BPF_ATTACH_TYPE, BPF_F_NO_PREALLOC, BPF_F_SLEEPABLE, BPF_MAP_TYPE, BPF_PROG_TYPE } from "../../../bpf/uapi.ts";
import type { CompiledProgram } from "../../../scenario/compiled-scenario.ts";
import type { BpfMap } from "../maps/bpf-map.ts";
import type { Profile } from "../profiles.ts";
import { Rejection } from "./rejection.ts";

const T = BPF_PROG_TYPE;
const A = BPF_ATTACH_TYPE;

/** The attach types a program type can be loaded for, where that is checked (bpf_prog_load_check_attach). */
const ATTACH_TYPES: ReadonlyMap<number, ReadonlySet<number>> = new Map<number, ReadonlySet<number>>([
  [
    T.CGROUP_SOCK,
    new Set([
      A.CGROUP_INET_SOCK_CREATE,
      A.CGROUP_INET_SOCK_RELEASE,
      A.CGROUP_INET4_POST_BIND,
      A.CGROUP_INET6_POST_BIND,
    ]),
  ],
  [
    T.CGROUP_SOCK_ADDR,
    new Set([
      A.CGROUP_INET4_BIND,
      A.CGROUP_INET6_BIND,
      A.CGROUP_INET4_CONNECT,
      A.CGROUP_INET6_CONNECT,
      A.CGROUP_INET4_GETPEERNAME,
      A.CGROUP_INET6_GETPEERNAME,
      A.CGROUP_INET4_GETSOCKNAME,
      A.CGROUP_INET6_GETSOCKNAME,
      A.CGROUP_UDP4_SENDMSG,
      A.CGROUP_UDP6_SENDMSG,
      A.CGROUP_UDP4_RECVMSG,
      A.CGROUP_UDP6_RECVMSG,
    ]),
  ],
  [T.CGROUP_SKB, new Set([A.CGROUP_INET_INGRESS, A.CGROUP_INET_EGRESS])],
  [T.CGROUP_SOCKOPT, new Set([A.CGROUP_GETSOCKOPT, A.CGROUP_SETSOCKOPT])],
  [T.SK_LOOKUP, new Set([A.SK_LOOKUP])],
  [T.SK_REUSEPORT, new Set([A.SK_REUSEPORT_SELECT, A.SK_REUSEPORT_SELECT_OR_MIGRATE])],
  [T.NETFILTER, new Set([A.NETFILTER])],
  [T.SYSCALL, new Set([0])],
  [T.EXT, new Set([0])],
]);

/** The checks of bpf_prog_load before the verifier runs: 0, or the negative errno of BPF_PROG_LOAD. */
export function checkLoadAttributes(spec: CompiledProgram, profile: Profile): number {
  const { type, expectedAttachType } = spec;
  if (type <= 0 || type > T.NETFILTER || profile.unknownProgramTypes.has(type)) return -ERRNO.EINVAL;
  // BPF_PROG_TYPE_CGROUP_SOCK and SK_REUSEPORT take 0 for their first (bpf_prog_load_fixup_attach_type).
  const isDefault = expectedAttachType === 0 && (type === T.CGROUP_SOCK || type === T.SK_REUSEPORT);
  const allowed = ATTACH_TYPES.get(type);
  return allowed === undefined || allowed.has(expectedAttachType) || isDefault ? 0 : -ERRNO.EINVAL;
}

const SLEEPABLE_TYPES: ReadonlySet<number> = new Set([T.TRACING, T.LSM, T.KPROBE, T.STRUCT_OPS, T.SYSCALL]);
const ATTACHED_TYPES: ReadonlySet<number> = new Set([T.TRACING, T.LSM, T.EXT]);

/** check_attach_btf_id. @throws {Rejection} */
export function checkAttachment(spec: CompiledProgram): void {
  const sleepable = (spec.flags & BPF_F_SLEEPABLE) !== 0;
  if (spec.type === T.SYSCALL) {
    if (!sleepable) throw new Rejection(-ERRNO.EINVAL, "Syscall programs can only be sleepable");
    return;
  }
  if (sleepable && !SLEEPABLE_TYPES.has(spec.type))
    throw new Rejection(-ERRNO.EINVAL, "Only fentry/fexit/fmod_ret, lsm, and kprobe/uprobe programs can be sleepable");
  if (spec.type === T.STRUCT_OPS && spec.attachTo === undefined)
    throw new Rejection(-ERRNO.ENOTSUPP, "attach_btf_id 0 is not a supported struct");
  if (ATTACHED_TYPES.has(spec.type) && spec.attachTo === undefined)
    throw new Rejection(-ERRNO.EINVAL, "Tracing programs must provide btf_id");
}

/** is_tracing_prog_type. */
const TRACING_TYPES: ReadonlySet<number> = new Set([
  T.KPROBE,
  T.TRACEPOINT,
  T.PERF_EVENT,
  T.RAW_TRACEPOINT,
  T.RAW_TRACEPOINT_WRITABLE,
]);

/** check_map_prog_compatibility: whether a program of this type may name this map. @throws {Rejection} */
export function checkMap(map: BpfMap, spec: CompiledProgram, profile: Profile): void {
  const reject = (message: string): never => {
    throw new Rejection(-ERRNO.EINVAL, message);
  };
  const tracing = TRACING_TYPES.has(spec.type);
  if (map.fields.spinLockOffset >= 0) {
    if (spec.type === T.SOCKET_FILTER) reject("socket filter progs cannot use bpf_spin_lock yet");
    if (tracing) reject("tracing progs cannot use bpf_spin_lock yet");
    if ((spec.flags & BPF_F_SLEEPABLE) !== 0 && !profile.sleepableMayUseSpinLock)
      reject("sleepable progs cannot use bpf_spin_lock yet");
  }
  if (map.fields.timerOffset >= 0 && tracing && !profile.tracingMayUseTimer)
    reject("tracing progs cannot use bpf_timer yet");
  const isPreallocated = (map.spec.flags & BPF_F_NO_PREALLOC) === 0;
  if ((spec.flags & BPF_F_SLEEPABLE) !== 0 && profile.sleepableNeedsPreallocation && !isPreallocated)
    reject("Sleepable programs can only use preallocated maps");
}

/** check_map_func_compatibility, for the map types of a scenario: maps of maps are not updated by programs. */
export function checkMapHelper(map: BpfMap, updates: boolean, helper: string): void {
  const ofMaps = map.spec.type === BPF_MAP_TYPE.ARRAY_OF_MAPS || map.spec.type === BPF_MAP_TYPE.HASH_OF_MAPS;
  if (updates && ofMaps)
    throw new Rejection(-ERRNO.EINVAL, `cannot pass map_type ${map.spec.type} into func ${helper}`);
}

interface Range {
  readonly min: number;
  readonly max: number;
}

const BOOLEAN: Range = { min: 0, max: 1 };
const ZERO: Range = { min: 0, max: 0 };
const UP_TO_THREE: Range = { min: 0, max: 3 };
const ONE: Range = { min: 1, max: 1 };

const ALWAYS_ONE: ReadonlySet<number> = new Set([
  A.CGROUP_UDP4_RECVMSG,
  A.CGROUP_UDP6_RECVMSG,
  A.CGROUP_INET4_GETPEERNAME,
  A.CGROUP_INET6_GETPEERNAME,
  A.CGROUP_INET4_GETSOCKNAME,
  A.CGROUP_INET6_GETSOCKNAME,
]);
const BINDS: ReadonlySet<number> = new Set([A.CGROUP_INET4_BIND, A.CGROUP_INET6_BIND]);

/** What a program may return, where that is restricted (check_return_code). */
export function returnRange({ type, expectedAttachType }: CompiledProgram): Range | undefined {
  switch (type) {
    case T.CGROUP_SOCK_ADDR:
      if (ALWAYS_ONE.has(expectedAttachType)) return ONE;
      return BINDS.has(expectedAttachType) ? UP_TO_THREE : BOOLEAN;
    case T.CGROUP_SKB:
      return expectedAttachType === A.CGROUP_INET_EGRESS ? UP_TO_THREE : BOOLEAN;
    case T.CGROUP_SOCK:
    case T.SOCK_OPS:
    case T.CGROUP_DEVICE:
    case T.CGROUP_SYSCTL:
    case T.CGROUP_SOCKOPT:
    case T.SK_LOOKUP:
    case T.NETFILTER:
      return BOOLEAN;
    case T.TRACING:
      return expectedAttachType === A.TRACE_FENTRY || expectedAttachType === A.TRACE_FEXIT ? ZERO : undefined;
    default:
      return undefined;
  }
}
