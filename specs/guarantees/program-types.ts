/** Which program types the documents say may call the timer helpers. */
import { callback, init, lookup, program, scenario, setCallback } from "../../generators/build.ts";
import { SIMPLE_MAP } from "../../generators/map.ts";
import type { ProgramType } from "../../scenario/program-types.ts";
import type { Operation, ProgramSpec, Scenario } from "../../scenario/scenario.ts";
import type { Guarantee } from "../guarantee.ts";
import { loads } from "../judge.ts";

/** The list on the page of bpf_timer_init. */
const LISTED_FOR_INIT = [
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
const LISTED_FOR_SET_CALLBACK = [
  ...LISTED_FOR_INIT,
  "netfilter",
  "struct-ops",
] as const satisfies readonly ProgramType[];

/** A program that only looks the element up, and the same with the helper called. */
const withAndWithout = (type: ProgramType, calls: Operation[]): Scenario =>
  scenario(
    [SIMPLE_MAP],
    [program([lookup(0, 0)], [], type), program([lookup(0, 0), ...calls], [callback()], type)],
    [],
  );

const callsTimer = ({ operations }: ProgramSpec): boolean => operations.some(({ kind }) => kind.startsWith("timer-"));

export default [
  {
    id: "program-types.allowed",
    statement:
      "A program of each type that the page of bpf_timer_init or of bpf_timer_set_callback lists may call that helper: where a program of the type loads without the call, it loads with it.",
    citations: [
      { document: "ebpf-docs/bpf_timer_init", place: "Program types" },
      { document: "ebpf-docs/bpf_timer_set_callback", place: "Program types" },
    ],
    since: "5.15",
    scenarios: [
      ...LISTED_FOR_INIT.map((type) => withAndWithout(type, [init(0, 1)])),
      ...LISTED_FOR_SET_CALLBACK.map((type) => withAndWithout(type, [setCallback(0)])),
    ],
    check: loads("accepted", callsTimer),
    faults: ["verifier-refuses-program-type"],
  },
] satisfies Guarantee[];
