/** The program types that the pages of the helpers list as able to call them. */
import type { ProgramType } from "../../scenario/program-types.ts";

/** The list on the page of bpf_timer_init. */
export const LISTED_FOR_INIT = [
  "cgroup-device",
  "cgroup-skb",
  "cgroup-sock",
  "cgroup-sockopt",
  "cgroup-sock-addr",
  "cgroup-sysctl",
  "flow-dissector",
  "lsm",
  "lwt-in",
  "lwt-out",
  "lwt-seg6local",
  "lwt-xmit",
  "sched-act",
  "sched-cls",
  "sk-lookup",
  "sk-msg",
  "sk-reuseport",
  "sk-skb",
  "socket-filter",
  "sock-ops",
  "syscall",
  "tracing",
  "xdp",
] as const satisfies readonly ProgramType[];

/** The list on the page of bpf_timer_set_callback: the same, and two more. */
export const LISTED_FOR_SET_CALLBACK = [
  ...LISTED_FOR_INIT,
  "netfilter",
  "struct-ops",
] as const satisfies readonly ProgramType[];

/** What the pages of all four helpers list today. */
export const LISTED = LISTED_FOR_SET_CALLBACK;

/** The list on the page of bpf_timer_cancel_async: each of these types can call kfuncs since before there was this one. */
export const LISTED_FOR_CANCEL_ASYNC = [
  "cgroup-device",
  "cgroup-skb",
  "cgroup-sock",
  "cgroup-sockopt",
  "cgroup-sock-addr",
  "cgroup-sysctl",
  "lsm",
  "lwt-in",
  "lwt-out",
  "lwt-seg6local",
  "lwt-xmit",
  "netfilter",
  "perf-event",
  "sched-act",
  "sched-cls",
  "sk-skb",
  "socket-filter",
  "sock-ops",
  "struct-ops",
  "syscall",
  "tracepoint",
  "tracing",
  "xdp",
] as const satisfies readonly ProgramType[];
