/** Which program types the documents say may call the timer helpers. */
import { isDeepStrictEqual } from "node:util";
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
import type { Operation, OperationKind, Scenario } from "../../scenario/scenario.ts";
import {
  LISTED,
  LISTED_FOR_CANCEL_ASYNC,
  LISTED_FOR_INIT,
  LISTED_FOR_SET_CALLBACK,
} from "../checks/listed-program-types.ts";
import { accepts, refuses } from "../checks/loads.ts";
import { withoutTimer } from "../checks/map-creation.ts";
import { isTimerCall, usesTimersPlainly } from "../checks/plain-use.ts";
import type { Guarantee } from "../guarantee.ts";
import type { SourceId } from "../sources/documents.ts";

/** The types that no page of the four helpers lists. */
const UNLISTED = PROGRAM_TYPES.filter((type) => !(LISTED as readonly ProgramType[]).includes(type));

/** Those of them that can be loaded without a program to extend, and on kernels as distributions configure them. */
const LOADABLE = UNLISTED.filter((type) => type !== "ext" && type !== "lirc-mode2");

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

/** Types that a kernel may lack: netfilter came with 6.4, the others take what not every kernel is configured with. */
const isEverywhere = (type: ProgramType): boolean =>
  type !== "netfilter" && type !== "lsm" && type !== "struct-ops" && type !== "tracing";
const NOT_EVERYWHERE =
  "The types netfilter, lsm, struct-ops and tracing are not on every kernel: netfilter came with 6.4, and the others take what some are built without.";

/** Which share of the cases for some types loads their control on any kernel. */
const reachOf = (types: readonly ProgramType[]) => ({
  share: types.filter(isEverywhere).length / types.length,
  because: NOT_EVERYWHERE,
});

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
        check: loadsWith(types, [call.kind]),
        faults: [name === "cancel-async" ? "cancel-async-refuses-program-type" : "verifier-refuses-program-type"],
        reach: reachOf(types),
      },
    ],
  }) satisfies Guarantee;

const DELAY_NS = 1;

/**
 * A program that calls some of the helpers and does nothing that is forbidden, of a type that is listed, loads where one
 * loads that lacks just these calls.
 */
const loadsWith = (types: readonly ProgramType[], kinds: readonly OperationKind[]) =>
  accepts(
    (program, all) => types.includes(program.type) && usesTimersPlainly(program, all, kinds),
    (control, program) =>
      control.type === program.type &&
      !control.operations.some(isTimerCall) &&
      isDeepStrictEqual(
        control.operations,
        program.operations.filter((operation) => !isTimerCall(operation)),
      ),
  );

/** A call of one of the four helpers; bpf_timer_cancel_async is a kfunc, and has a list of its own. */
const isHelperCall = (operation: Operation): boolean =>
  isTimerCall(operation) && operation.kind !== "timer-cancel-async";

export default [
  {
    id: "program-types.allowed",
    citations: [
      { document: "ebpf-docs/bpf_timer_init", place: "Program types" },
      { document: "ebpf-docs/bpf_timer_set_callback", place: "Program types" },
    ],
    since: "5.15",
    scenarios: LISTED_FOR_SET_CALLBACK.map((type) =>
      scenario(
        [SIMPLE_MAP],
        [
          [],
          ...((LISTED_FOR_INIT as readonly ProgramType[]).includes(type) ? [[init(0, 1)]] : []),
          [setCallback(0)],
        ].map((calls) => program([lookup(0, 0), ...calls], calls.length > 0 ? [callback()] : [], type)),
        [],
      ),
    ),
    clauses: [
      {
        name: "init",
        words:
          "A program of each type that the page of bpf_timer_init lists may call it: where a program of the type loads without the call, it loads with it.",
        check: loadsWith(LISTED_FOR_INIT, ["timer-init"]),
        faults: ["verifier-refuses-init"],
        reach: {
          share: LISTED_FOR_INIT.filter(isEverywhere).length / LISTED_FOR_SET_CALLBACK.length,
          because: `The page of bpf_timer_set_callback lists two types more. ${NOT_EVERYWHERE}`,
        },
      },
      {
        name: "set-callback",
        words: "So may one of each type that the page of bpf_timer_set_callback lists call that.",
        check: loadsWith(LISTED_FOR_SET_CALLBACK, ["timer-set-callback"]),
        faults: ["verifier-refuses-set-callback"],
        reach: reachOf(LISTED_FOR_SET_CALLBACK),
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
        check: refuses(
          ({ type, operations }) => UNLISTED.includes(type) && operations.some(isHelperCall),
          (control, { type }) => control.type === type && control.operations.every(({ kind }) => kind === "lookup"),
        ),
        faults: ["tracing-may-use-timer"],
        reach: {
          share: LOADABLE.length / UNLISTED.length,
          because:
            "Programs of the types ext and lirc-mode2 load nowhere: one needs a program to extend, the other a kernel that is configured for it.",
        },
      },
    ],
  },
] satisfies Guarantee[];
