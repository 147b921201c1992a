/** What the verifier asks of a program that uses timers. Each case holds a control, alike but for the defect. */
import fc from "fast-check";
import { directly, innerMaps, isTimerCall, misplaced, overMaps, twoFold, underLock } from "../../generators/twins.ts";
import type { MapSpec, Operation, ProgramSpec, Scenario } from "../../scenario/scenario.ts";
import { loads } from "../checks/loads.ts";
import type { Guarantee } from "../guarantee.ts";

const callsTimer = ({ operations }: ProgramSpec): boolean => operations.some(isTimerCall);

const someOperation = (test: (operation: Operation) => boolean) => (program: ProgramSpec) =>
  program.operations.some(test);

const accesses = (access: "load" | "store") =>
  someOperation((operation) => operation.kind === "access-timer" && operation.access === access);

function callsUnderLock({ operations }: ProgramSpec): boolean {
  const locked = operations.findIndex(({ kind }) => kind === "spin-lock");
  const unlocked = operations.findIndex(({ kind }) => kind === "spin-unlock");
  return operations.some((operation, at) => isTimerCall(operation) && at > locked && at < unlocked && locked >= 0);
}

const mapOf = ({ operations }: ProgramSpec, { maps }: Scenario): MapSpec | undefined => {
  const found = operations.find((operation) => operation.kind === "lookup");
  return found === undefined ? undefined : maps[found.map];
};

const timerCount = (map: MapSpec | undefined): number =>
  map?.value.fields.filter(({ kind }) => kind === "timer").length ?? 0;

const innerLookup = ({ operations }: ProgramSpec, slot: number | "self" | undefined) => {
  const found = operations.find((operation) => operation.kind === "lookup-inner" && operation.slot === slot);
  return found?.kind === "lookup-inner" ? found : undefined;
};

/** Whether a program inits a timer of an inner map with a map that is not that of the same lookup or slot. */
const initsWithOther = (program: ProgramSpec): boolean =>
  program.operations.some((operation) => {
    if (operation.kind !== "timer-init") return false;
    const own = innerLookup(program, operation.element);
    const other = innerLookup(program, operation.innerMapOf);
    return own !== undefined && (own.map !== other?.map || own.key !== other.key);
  });

const VERIFIER = "linux/kernel/bpf/verifier.c";

export default [
  {
    id: "verifier.constant-offset",
    citations: [{ document: VERIFIER, place: "process_timer_func (since 7.0 check_map_field_pointer)" }],
    since: "5.15",
    undocumented: true,
    scenarios: misplaced(fc.constant({ variableOffset: true })),
    clauses: [
      {
        name: "load",
        words:
          "A program is refused at load where it adds a number that the verifier cannot know to the pointer it hands a timer helper.",
        check: loads(
          "refused",
          someOperation((operation) => isTimerCall(operation) && operation.variableOffset === true),
        ),
        faults: ["verifier-allows-variable-offset"],
      },
    ],
  },
  {
    id: "verifier.right-offset",
    citations: [{ document: VERIFIER, place: "process_timer_func (since 7.0 check_map_field_pointer)" }],
    since: "5.15",
    undocumented: true,
    scenarios: misplaced(fc.constantFrom(-8, -1, 1, 4, 8, 16).map((offsetDelta) => ({ offsetDelta }))),
    clauses: [
      {
        name: "load",
        words:
          "A program is refused at load where the pointer it hands a timer helper does not point at the timer of the value.",
        check: loads(
          "refused",
          someOperation((operation) => isTimerCall(operation) && (operation.offsetDelta ?? 0) !== 0),
        ),
        faults: ["verifier-allows-any-offset"],
      },
    ],
  },
  {
    id: "verifier.no-direct-load",
    citations: [{ document: VERIFIER, place: "check_map_access" }],
    since: "5.15",
    undocumented: true,
    scenarios: directly("load"),
    clauses: [
      {
        name: "load",
        words: "A program is refused at load where it reads the bytes of a timer itself.",
        check: loads("refused", accesses("load")),
        faults: ["verifier-allows-timer-load"],
      },
    ],
  },
  {
    id: "verifier.no-direct-store",
    citations: [{ document: VERIFIER, place: "check_map_access" }],
    since: "5.15",
    undocumented: true,
    scenarios: directly("store"),
    clauses: [
      {
        name: "load",
        words: "A program is refused at load where it writes the bytes of a timer itself.",
        check: loads("refused", accesses("store")),
        faults: ["verifier-allows-timer-store"],
      },
    ],
  },
  {
    id: "verifier.spin-lock-held",
    citations: [{ document: VERIFIER, place: "do_check (since 7.0 do_check_insn), calls while a lock is held" }],
    since: "5.15",
    undocumented: true,
    scenarios: underLock,
    clauses: [
      {
        name: "load",
        words: "A program is refused at load where it calls a timer helper while it holds a bpf_spin_lock.",
        check: loads("refused", callsUnderLock),
        faults: ["verifier-allows-timer-under-lock"],
      },
    ],
  },
  {
    id: "verifier.map-needs-btf",
    citations: [{ document: VERIFIER, place: "process_timer_func (since 7.0 check_map_field_pointer)" }],
    since: "5.15",
    undocumented: true,
    scenarios: overMaps((map) => ({ right: map, wrong: { ...map, btf: false } })),
    clauses: [
      {
        name: "load",
        words: "A program is refused at load where it uses a timer of a map that was created without BTF.",
        check: loads("refused", (program, all) => callsTimer(program) && mapOf(program, all)?.btf === false),
        faults: ["verifier-allows-timer-without-btf"],
      },
    ],
  },
  {
    id: "verifier.one-timer-per-value",
    citations: [
      { document: VERIFIER, place: "process_timer_func" },
      { document: "linux/kernel/bpf/btf.c", place: "btf_find_struct_field (since 6.2 btf_get_field_type)" },
    ],
    since: "5.15",
    undocumented: true,
    scenarios: overMaps((map) => ({ right: twoFold(map, "u64"), wrong: twoFold(map, "timer") })),
    clauses: [
      {
        name: "load",
        words: "A program is refused at load where it uses a timer of a value that holds more than one.",
        check: loads("refused", (program, all) => callsTimer(program) && timerCount(mapOf(program, all)) > 1),
        faults: ["verifier-allows-two-timers"],
      },
    ],
  },
  {
    id: "verifier.inner-map",
    citations: [
      { document: "uapi/bpf_timer_init", place: "Description, last sentence" },
      { document: "ebpf-docs/bpf_timer_init", place: "Definition, last sentence" },
    ],
    since: "5.15",
    scenarios: innerMaps,
    clauses: [
      {
        name: "load",
        words:
          "A program is refused at load where it initializes a timer of an inner map with another map: a second inner map, or one that it names itself.",
        check: loads("refused", initsWithOther),
        faults: ["verifier-allows-other-inner-map"],
      },
    ],
  },
] satisfies Guarantee[];
