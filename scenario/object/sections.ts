/** The section of an object in which libbpf finds a program of each type: its table section_defs (tools/lib/bpf/libbpf.c). */
import { BPF_PROG_TYPE } from "../../bpf/uapi.ts";
import type { CompiledProgram } from "../compiled-scenario.ts";
import { PROGRAM_TYPE_LOADING, type ProgramTypeLoading } from "../program-types.ts";
import { ScenarioError } from "../scenario-error.ts";

/**
 * By program type. Where there is a slash at the end, the name of what the program is attached to follows. What these
 * mean for libbpf is what PROGRAM_TYPE_LOADING says of the type, but for `xdp` and `flow_dissector`, whose programs are
 * loaded with their only attach type: the kernel looks at neither (bpf_prog_load_check_attach).
 */
const SECTIONS: ReadonlyMap<number, string> = new Map([
  [BPF_PROG_TYPE.SOCKET_FILTER, "socket"],
  [BPF_PROG_TYPE.KPROBE, "kprobe"],
  [BPF_PROG_TYPE.SCHED_CLS, "tc"],
  [BPF_PROG_TYPE.SCHED_ACT, "action"],
  [BPF_PROG_TYPE.TRACEPOINT, "tracepoint"],
  [BPF_PROG_TYPE.XDP, "xdp"],
  [BPF_PROG_TYPE.PERF_EVENT, "perf_event"],
  [BPF_PROG_TYPE.CGROUP_SKB, "cgroup_skb/egress"],
  [BPF_PROG_TYPE.CGROUP_SOCK, "cgroup/sock_create"],
  [BPF_PROG_TYPE.LWT_IN, "lwt_in"],
  [BPF_PROG_TYPE.LWT_OUT, "lwt_out"],
  [BPF_PROG_TYPE.LWT_XMIT, "lwt_xmit"],
  [BPF_PROG_TYPE.SOCK_OPS, "sockops"],
  [BPF_PROG_TYPE.SK_SKB, "sk_skb"],
  [BPF_PROG_TYPE.CGROUP_DEVICE, "cgroup/dev"],
  [BPF_PROG_TYPE.SK_MSG, "sk_msg"],
  [BPF_PROG_TYPE.RAW_TRACEPOINT, "raw_tp"],
  [BPF_PROG_TYPE.CGROUP_SOCK_ADDR, "cgroup/bind4"],
  [BPF_PROG_TYPE.LWT_SEG6LOCAL, "lwt_seg6local"],
  [BPF_PROG_TYPE.LIRC_MODE2, "lirc_mode2"],
  [BPF_PROG_TYPE.SK_REUSEPORT, "sk_reuseport"],
  [BPF_PROG_TYPE.FLOW_DISSECTOR, "flow_dissector"],
  [BPF_PROG_TYPE.CGROUP_SYSCTL, "cgroup/sysctl"],
  [BPF_PROG_TYPE.RAW_TRACEPOINT_WRITABLE, "raw_tp.w"],
  [BPF_PROG_TYPE.CGROUP_SOCKOPT, "cgroup/getsockopt"],
  [BPF_PROG_TYPE.TRACING, "fentry/"],
  [BPF_PROG_TYPE.STRUCT_OPS, "struct_ops/"],
  [BPF_PROG_TYPE.EXT, "freplace"],
  [BPF_PROG_TYPE.LSM, "lsm/"],
  [BPF_PROG_TYPE.SK_LOOKUP, "sk_lookup"],
  [BPF_PROG_TYPE.SYSCALL, "syscall"],
  [BPF_PROG_TYPE.NETFILTER, "netfilter"],
]);

/** What libbpf puts in front of the name of an LSM hook. */
const LSM_PREFIX = "bpf_lsm_";

const LOADINGS: readonly ProgramTypeLoading[] = Object.values(PROGRAM_TYPE_LOADING);

/**
 * The name of a program's section.
 * @throws {ScenarioError} where it is loaded in another way than programs of its type are here
 */
export function sectionOf({ name, type, expectedAttachType, flags, attachTo }: CompiledProgram): string {
  const section = SECTIONS.get(type);
  const usual = LOADINGS.find((loading) => loading.type === type);
  if (section === undefined || usual?.expectedAttachType !== expectedAttachType || usual.flags !== flags)
    throw new ScenarioError(
      `program ${name}: no section says type ${type}, attach type ${expectedAttachType} and flags ${flags}`,
    );
  if (usual.attachTo?.kind !== attachTo?.kind)
    throw new ScenarioError(`program ${name}: section ${section} says something else of what it is attached to`);
  if (!section.endsWith("/") || attachTo === undefined) return section;
  return section + (type === BPF_PROG_TYPE.LSM ? attachTo.name.replace(LSM_PREFIX, "") : attachTo.name);
}
