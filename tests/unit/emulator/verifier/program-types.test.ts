/** What a program's type decides: bpf_prog_load_check_attach, check_attach_btf_id, check_map_prog_compatibility, check_return_code. */
import { describe, expect, test } from "vitest";
import { ERRNO } from "../../../../bpf/errno.ts";
import {
  BPF_ATTACH_TYPE as A,
  BPF_F_NO_PREALLOC,
  BPF_F_SLEEPABLE,
  BPF_MAP_TYPE,
  BPF_PROG_TYPE as T,
} from "../../../../bpf/uapi.ts";
import type { BpfMap } from "../../../../harness/emulator/maps/bpf-map.ts";
import { type Profile, profiles } from "../../../../harness/emulator/profiles.ts";
import {
  checkAttachment,
  checkLoadAttributes,
  checkMap,
  checkMapHelper,
  returnRange,
} from "../../../../harness/emulator/verifier/program-types.ts";
import type { Rejection } from "../../../../harness/emulator/verifier/rejection.ts";
import type { CompiledProgram } from "../../../../scenario/compiled-scenario.ts";

const profile = profiles["7.2"] as Profile;
const programOf = (type: number, more: Partial<CompiledProgram> = {}): CompiledProgram =>
  ({ type, expectedAttachType: 0, flags: 0, ...more }) as CompiledProgram;

/** The errno and the words that something is refused with; undefined where it is not. */
function refusal(check: () => void): [number, string] | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    const { errno, message } = error as Rejection;
    return [errno, message];
  }
}

describe("the attributes of BPF_PROG_LOAD", () => {
  const load = (type: number, expectedAttachType = 0, more: Partial<Profile> = {}): number =>
    checkLoadAttributes(programOf(type, { expectedAttachType }), { ...profile, ...more });

  test("name a type that there is", () => {
    expect(load(T.SOCKET_FILTER)).toBe(0);
    expect(load(T.NETFILTER, A.NETFILTER)).toBe(0);
    for (const type of [0, -1, T.NETFILTER + 1]) expect(load(type, A.NETFILTER)).toBe(-ERRNO.EINVAL);
    expect(load(T.XDP, 0, { unknownProgramTypes: new Set([T.XDP]) })).toBe(-ERRNO.EINVAL);
    expect(load(T.SCHED_CLS, 0, { unknownProgramTypes: new Set([T.XDP]) })).toBe(0);
  });

  test.each([
    ["CGROUP_SOCK", T.CGROUP_SOCK, [A.CGROUP_INET_SOCK_CREATE, A.CGROUP_INET_SOCK_RELEASE, A.CGROUP_INET6_POST_BIND]],
    ["CGROUP_SOCK_ADDR", T.CGROUP_SOCK_ADDR, [A.CGROUP_INET4_BIND, A.CGROUP_UDP6_RECVMSG, A.CGROUP_INET6_GETSOCKNAME]],
    ["CGROUP_SKB", T.CGROUP_SKB, [A.CGROUP_INET_INGRESS, A.CGROUP_INET_EGRESS]],
    ["CGROUP_SOCKOPT", T.CGROUP_SOCKOPT, [A.CGROUP_GETSOCKOPT, A.CGROUP_SETSOCKOPT]],
    ["SK_LOOKUP", T.SK_LOOKUP, [A.SK_LOOKUP]],
    ["SK_REUSEPORT", T.SK_REUSEPORT, [A.SK_REUSEPORT_SELECT, A.SK_REUSEPORT_SELECT_OR_MIGRATE]],
    ["SYSCALL", T.SYSCALL, [0]],
    ["EXT", T.EXT, [0]],
  ])("name an attach type of %s", (_, type, allowed) => {
    for (const attach of allowed) expect(load(type, attach)).toBe(0);
    expect(load(type, A.XDP)).toBe(-ERRNO.EINVAL);
  });

  test("may leave the attach type out where it has a default, and where nobody asks", () => {
    for (const type of [T.CGROUP_SOCK, T.SK_REUSEPORT, T.CGROUP_SKB, T.XDP]) expect(load(type)).toBe(0);
    for (const type of [T.CGROUP_SOCK_ADDR, T.SK_LOOKUP, T.CGROUP_SOCKOPT, T.NETFILTER])
      expect(load(type)).toBe(-ERRNO.EINVAL);
    expect(load(T.XDP, A.SK_LOOKUP)).toBe(0);
  });
});

describe("what a program is attached to", () => {
  const attach = (type: number, more: Partial<CompiledProgram> = {}) =>
    refusal(() => checkAttachment(programOf(type, more)));
  const attachTo = {} as NonNullable<CompiledProgram["attachTo"]>;

  test("syscall programs sleep, and need nothing else", () => {
    expect(attach(T.SYSCALL)).toEqual([-ERRNO.EINVAL, "Syscall programs can only be sleepable"]);
    expect(attach(T.SYSCALL, { flags: BPF_F_SLEEPABLE })).toBeUndefined();
    expect(attach(T.SYSCALL, { flags: BPF_F_SLEEPABLE | 1 })).toBeUndefined();
  });

  test("few others may sleep", () => {
    const asleep = { flags: BPF_F_SLEEPABLE, attachTo };
    for (const type of [T.TRACING, T.LSM, T.KPROBE, T.STRUCT_OPS]) expect(attach(type, asleep)).toBeUndefined();
    for (const type of [T.XDP, T.SCHED_CLS, T.EXT])
      expect(attach(type, asleep)).toEqual([-ERRNO.EINVAL, expect.stringMatching(/^Only fentry/)]);
    expect(attach(T.XDP, { flags: 1 })).toBeUndefined();
  });

  test("tracing programs need something to trace, and struct_ops a struct", () => {
    for (const type of [T.TRACING, T.LSM, T.EXT]) {
      expect(attach(type)).toEqual([-ERRNO.EINVAL, "Tracing programs must provide btf_id"]);
      expect(attach(type, { attachTo })).toBeUndefined();
    }
    expect(attach(T.STRUCT_OPS)).toEqual([-ERRNO.ENOTSUPP, "attach_btf_id 0 is not a supported struct"]);
    expect(attach(T.STRUCT_OPS, { attachTo })).toBeUndefined();
    expect(attach(T.XDP)).toBeUndefined();
  });
});

describe("the maps that a program may name", () => {
  const mapOf = (fields: { timerOffset?: number; spinLockOffset?: number }, flags = 0): BpfMap =>
    ({ spec: { flags }, fields: { timerOffset: -1, spinLockOffset: -1, ...fields } }) as unknown as BpfMap;
  const names = (map: BpfMap, type: number, flags = 0, more: Partial<Profile> = {}) =>
    refusal(() => checkMap(map, programOf(type, { flags }), { ...profile, ...more }))?.[1];
  const TRACING = [T.KPROBE, T.TRACEPOINT, T.PERF_EVENT, T.RAW_TRACEPOINT, T.RAW_TRACEPOINT_WRITABLE];

  test.each([0, 8])("have a lock, at %i, only where nothing traces or filters sockets", (spinLockOffset) => {
    const locked = mapOf({ spinLockOffset });
    expect(names(locked, T.SCHED_CLS)).toBeUndefined();
    expect(names(locked, T.SOCKET_FILTER)).toBe("socket filter progs cannot use bpf_spin_lock yet");
    for (const type of TRACING) expect(names(locked, type)).toBe("tracing progs cannot use bpf_spin_lock yet");
    expect(names(mapOf({}), T.SOCKET_FILTER)).toBeUndefined();
    expect(names(mapOf({}), T.KPROBE)).toBeUndefined();
  });

  test("have a lock where a program sleeps only on releases that let it", () => {
    const locked = mapOf({ spinLockOffset: 0 });
    const refused = { sleepableMayUseSpinLock: false };
    expect(names(locked, T.LSM, BPF_F_SLEEPABLE, refused)).toBe("sleepable progs cannot use bpf_spin_lock yet");
    expect(names(locked, T.LSM, BPF_F_SLEEPABLE, { sleepableMayUseSpinLock: true })).toBeUndefined();
    expect(names(locked, T.LSM, 1, refused)).toBeUndefined();
    expect(names(mapOf({}), T.LSM, BPF_F_SLEEPABLE, refused)).toBeUndefined();
  });

  test.each([0, 8])("have a timer, at %i, where something traces only on releases that let it", (timerOffset) => {
    const timed = mapOf({ timerOffset });
    const refused = { tracingMayUseTimer: false };
    for (const type of TRACING) {
      expect(names(timed, type, 0, refused)).toBe("tracing progs cannot use bpf_timer yet");
      expect(names(timed, type, 0, { tracingMayUseTimer: true })).toBeUndefined();
      expect(names(mapOf({}), type, 0, refused)).toBeUndefined();
    }
    expect(names(timed, T.SCHED_CLS, 0, refused)).toBeUndefined();
  });

  test("are preallocated where a program sleeps on releases that ask for it", () => {
    const [plain, allocated] = [mapOf({}, BPF_F_NO_PREALLOC), mapOf({}, 2)];
    const asks = { sleepableNeedsPreallocation: true };
    expect(names(plain, T.LSM, BPF_F_SLEEPABLE, asks)).toBe("Sleepable programs can only use preallocated maps");
    expect(names(allocated, T.LSM, BPF_F_SLEEPABLE, asks)).toBeUndefined();
    expect(names(plain, T.LSM, 0, asks)).toBeUndefined();
    expect(names(plain, T.LSM, BPF_F_SLEEPABLE, { sleepableNeedsPreallocation: false })).toBeUndefined();
  });

  test("are not maps of maps where it updates them", () => {
    const ofType = (type: number): BpfMap => ({ spec: { type } }) as BpfMap;
    for (const type of [BPF_MAP_TYPE.ARRAY_OF_MAPS, BPF_MAP_TYPE.HASH_OF_MAPS]) {
      expect(refusal(() => checkMapHelper(ofType(type), true, "f#1"))).toEqual([
        -ERRNO.EINVAL,
        `cannot pass map_type ${type} into func f#1`,
      ]);
      expect(refusal(() => checkMapHelper(ofType(type), false, "f#1"))).toBeUndefined();
    }
    expect(refusal(() => checkMapHelper(ofType(BPF_MAP_TYPE.HASH), true, "f#1"))).toBeUndefined();
  });
});

describe("what a program may return", () => {
  const range = (type: number, expectedAttachType = 0) => returnRange(programOf(type, { expectedAttachType }));
  const [boolean, upToThree] = [
    { min: 0, max: 1 },
    { min: 0, max: 3 },
  ];

  test("a boolean, for most that decide about sockets", () => {
    const { CGROUP_SOCK, SOCK_OPS, CGROUP_DEVICE, CGROUP_SYSCTL, CGROUP_SOCKOPT, SK_LOOKUP, NETFILTER } = T;
    for (const type of [CGROUP_SOCK, SOCK_OPS, CGROUP_DEVICE, CGROUP_SYSCTL, CGROUP_SOCKOPT, SK_LOOKUP, NETFILTER])
      expect(range(type)).toEqual(boolean);
  });

  test("more or less, by what it is attached to", () => {
    expect(range(T.CGROUP_SKB, A.CGROUP_INET_INGRESS)).toEqual(boolean);
    expect(range(T.CGROUP_SKB, A.CGROUP_INET_EGRESS)).toEqual(upToThree);
    expect(range(T.CGROUP_SOCK_ADDR, A.CGROUP_INET4_CONNECT)).toEqual(boolean);
    for (const bind of [A.CGROUP_INET4_BIND, A.CGROUP_INET6_BIND])
      expect(range(T.CGROUP_SOCK_ADDR, bind)).toEqual(upToThree);
    for (const after of [A.CGROUP_UDP4_RECVMSG, A.CGROUP_INET4_GETPEERNAME, A.CGROUP_INET6_GETSOCKNAME])
      expect(range(T.CGROUP_SOCK_ADDR, after)).toEqual({ min: 1, max: 1 });
  });

  test("nothing but zero where it traces entries and exits, and anything elsewhere", () => {
    for (const attach of [A.TRACE_FENTRY, A.TRACE_FEXIT]) expect(range(T.TRACING, attach)).toEqual({ min: 0, max: 0 });
    expect(range(T.TRACING, A.MODIFY_RETURN)).toBeUndefined();
    for (const type of [T.SCHED_CLS, T.XDP, T.SOCKET_FILTER, T.SYSCALL]) expect(range(type)).toBeUndefined();
  });
});
