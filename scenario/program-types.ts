/**
 * Every BPF program type, by the name used here, and what loading a program of that type takes besides its bytecode.
 * Source: enum bpf_prog_type and enum bpf_attach_type in include/uapi/linux/bpf.h.
 */
import { BPF_ATTACH_TYPE, BPF_F_SLEEPABLE, BPF_PROG_TYPE } from "../bpf/uapi.ts";

export interface ProgramTypeLoading {
  type: number;
  expectedAttachType: number;
  flags: number;
  attachTo?: { kind: "func" | "struct" | "typedef"; name: string };
  /** Bytes of packet that BPF_PROG_TEST_RUN needs; undefined where the type has no test run. */
  testRunBytes?: number;
}

const plain = (type: number, expectedAttachType = 0): ProgramTypeLoading => ({ type, expectedAttachType, flags: 0 });
const packet = (type: number, expectedAttachType = 0): ProgramTypeLoading => ({
  ...plain(type, expectedAttachType),
  testRunBytes: 64,
});

const T = BPF_PROG_TYPE;
const A = BPF_ATTACH_TYPE;

export const PROGRAM_TYPE_LOADING = {
  "socket-filter": packet(T.SOCKET_FILTER),
  kprobe: plain(T.KPROBE),
  "sched-cls": packet(T.SCHED_CLS),
  "sched-act": packet(T.SCHED_ACT),
  tracepoint: plain(T.TRACEPOINT),
  xdp: packet(T.XDP),
  "perf-event": plain(T.PERF_EVENT),
  "cgroup-skb": packet(T.CGROUP_SKB, A.CGROUP_INET_EGRESS),
  "cgroup-sock": plain(T.CGROUP_SOCK, A.CGROUP_INET_SOCK_CREATE),
  "lwt-in": packet(T.LWT_IN),
  "lwt-out": packet(T.LWT_OUT),
  "lwt-xmit": packet(T.LWT_XMIT),
  "sock-ops": plain(T.SOCK_OPS, A.CGROUP_SOCK_OPS),
  "sk-skb": plain(T.SK_SKB),
  "cgroup-device": plain(T.CGROUP_DEVICE, A.CGROUP_DEVICE),
  "sk-msg": plain(T.SK_MSG, A.SK_MSG_VERDICT),
  "raw-tracepoint": plain(T.RAW_TRACEPOINT),
  "cgroup-sock-addr": plain(T.CGROUP_SOCK_ADDR, A.CGROUP_INET4_BIND),
  "lwt-seg6local": plain(T.LWT_SEG6LOCAL),
  "lirc-mode2": plain(T.LIRC_MODE2),
  "sk-reuseport": plain(T.SK_REUSEPORT, A.SK_REUSEPORT_SELECT),
  "flow-dissector": packet(T.FLOW_DISSECTOR),
  "cgroup-sysctl": plain(T.CGROUP_SYSCTL, A.CGROUP_SYSCTL),
  "raw-tracepoint-writable": plain(T.RAW_TRACEPOINT_WRITABLE),
  "cgroup-sockopt": plain(T.CGROUP_SOCKOPT, A.CGROUP_GETSOCKOPT),
  tracing: { ...plain(T.TRACING, A.TRACE_FENTRY), attachTo: { kind: "func", name: "bpf_fentry_test1" } },
  "struct-ops": { ...plain(T.STRUCT_OPS), attachTo: { kind: "struct", name: "tcp_congestion_ops" } },
  ext: plain(T.EXT),
  lsm: { ...plain(T.LSM, A.LSM_MAC), attachTo: { kind: "func", name: "bpf_lsm_file_open" } },
  "sk-lookup": plain(T.SK_LOOKUP, A.SK_LOOKUP),
  syscall: { ...plain(T.SYSCALL), flags: BPF_F_SLEEPABLE, testRunBytes: 0 },
  netfilter: plain(T.NETFILTER, A.NETFILTER),
} as const satisfies Record<string, ProgramTypeLoading>;

export type ProgramType = keyof typeof PROGRAM_TYPE_LOADING;
export const PROGRAM_TYPES = Object.keys(PROGRAM_TYPE_LOADING) as [ProgramType, ...ProgramType[]];
