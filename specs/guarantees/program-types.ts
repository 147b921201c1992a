/** Which program types the documents say may call the timer helpers. */

import { SIMPLE_MAP } from "../../generators/map.ts";
import {
  callback,
  cancel,
  cancelAsync,
  init,
  lookup,
  program,
  scenario,
  setCallback,
  start,
} from "../../scenario/build.ts";
import { PROGRAM_TYPES, type ProgramType } from "../../scenario/program-types.ts";
import type { Operation, ProgramSpec, Scenario } from "../../scenario/scenario.ts";
import { loads } from "../checks/loads.ts";
import { withoutTimer } from "../checks/map-creation.ts";
import type { Guarantee } from "../guarantee.ts";
import type { SourceId } from "../sources/documents.ts";

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

/** What the pages of all four helpers list today. */
const LISTED = LISTED_FOR_SET_CALLBACK;

/** The list on the page of bpf_timer_cancel_async: each of these types can call kfuncs since before there was this one. */
const LISTED_FOR_CANCEL_ASYNC = [
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

/** The types that no page of the four helpers lists. */
const UNLISTED = PROGRAM_TYPES.filter((type) => !(LISTED as readonly ProgramType[]).includes(type));

/** A program that only looks the element up, and the same with the helper called. */
const withAndWithout = (type: ProgramType, calls: Operation[]): Scenario =>
  scenario(
    [SIMPLE_MAP],
    [program([lookup(0, 0)], [], type), program([lookup(0, 0), ...calls], [callback()], type)],
    [],
  );

/** A program that looks up an element without a timer, and one that calls the helper on an element with one. */
const withoutAndWithTimer = (type: ProgramType, call: Operation): Scenario =>
  scenario(
    [withoutTimer(SIMPLE_MAP), SIMPLE_MAP],
    [program([lookup(0, 0)], [], type), program([lookup(1, 0), call], [callback()], type)],
    [],
  );

/** For each call of a timer: its page, the types listed there, and a case for each. */
const mayCall = (name: string, document: SourceId, since: string, types: readonly ProgramType[], call: Operation) =>
  ({
    id: `program-types.${name}`,
    citations: [{ document, place: "Program types" }],
    since,
    scenarios: types.map((type) => withAndWithout(type, [call])),
    clauses: [
      {
        name: "load",
        words: `A program of each type that the page of ${document.split("/")[1]} lists may call it: where a program of the type loads without the call, it loads with it.`,
        check: loads("accepted", (program) => types.includes(program.type) && callsOnly(program, call.kind)),
        faults: [name === "cancel-async" ? "cancel-async-refuses-program-type" : "verifier-refuses-program-type"],
      },
    ],
  }) satisfies Guarantee;

const DELAY_NS = 1;

const timerCalls = ({ operations }: ProgramSpec) => operations.filter(({ kind }) => kind.startsWith("timer-"));
const callsTimer = (program: ProgramSpec): boolean => timerCalls(program).length > 0;
/** Whether a program uses timers in this one way. */
const callsOnly = (program: ProgramSpec, call: Operation["kind"]): boolean =>
  callsTimer(program) && timerCalls(program).every(({ kind }) => kind === call);

export default [
  {
    id: "program-types.allowed",
    citations: [
      { document: "ebpf-docs/bpf_timer_init", place: "Program types" },
      { document: "ebpf-docs/bpf_timer_set_callback", place: "Program types" },
    ],
    since: "5.15",
    scenarios: [
      ...LISTED_FOR_INIT.map((type) => withAndWithout(type, [init(0, 1)])),
      ...LISTED_FOR_SET_CALLBACK.map((type) => withAndWithout(type, [setCallback(0)])),
    ],
    clauses: [
      {
        name: "load",
        words:
          "A program of each type that the page of bpf_timer_init or of bpf_timer_set_callback lists may call that helper: where a program of the type loads without the call, it loads with it.",
        check: loads("accepted", callsTimer),
        faults: ["verifier-refuses-program-type"],
      },
    ],
  },
  mayCall("init", "ebpf-docs/bpf_timer_init", "5.15", LISTED, init(0, 1)),
  mayCall("set-callback", "ebpf-docs/bpf_timer_set_callback", "5.15", LISTED, setCallback(0)),
  mayCall("start", "ebpf-docs/bpf_timer_start", "5.15", LISTED, start(DELAY_NS)),
  mayCall("cancel", "ebpf-docs/bpf_timer_cancel", "5.15", LISTED, cancel()),
  mayCall("cancel-async", "ebpf-docs/bpf_timer_cancel_async", "7.0", LISTED_FOR_CANCEL_ASYNC, cancelAsync()),
  {
    id: "program-types.unlisted",
    citations: [
      { document: "ebpf-docs/bpf_timer_init", place: "Program types, taken to be all there are" },
      { document: "linux/kernel/bpf/verifier.c", place: "check_map_prog_compatibility, is_tracing_prog_type" },
    ],
    since: "5.15",
    undocumented: true,
    scenarios: UNLISTED.flatMap((type) =>
      [init(1, 1), setCallback(0), start(DELAY_NS), cancel()].map((call) => withoutAndWithTimer(type, call)),
    ),
    clauses: [
      {
        name: "load",
        words:
          "A program of a type that no page of the four helpers lists may not call them: where a program of the type loads that uses a map without a timer, it does not load with the call.",
        check: loads("refused", (program) => UNLISTED.includes(program.type) && callsTimer(program)),
        faults: ["tracing-may-use-timer"],
      },
    ],
  },
] satisfies Guarantee[];
