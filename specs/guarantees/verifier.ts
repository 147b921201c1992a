/** What the verifier asks of a program that uses timers. Each case holds a control, alike but for the defect. */
import fc from "fast-check";
import { directly, innerMaps, misplaced, overMaps, twoFold, underLock } from "../../generators/twins.ts";
import { lookupBefore, usedCallbacks } from "../../scenario/elements.ts";
import type { MapSpec, Operation, ProgramSpec, Scenario } from "../../scenario/scenario.ts";
import { refuses } from "../checks/loads.ts";
import { isTimerCall } from "../checks/plain-use.ts";
import type { Guarantee } from "../guarantee.ts";

/** Whether an operation of a program, or of a callback that it sets, is of a kind. */
const someOperation = (test: (operation: Operation) => boolean) => (program: ProgramSpec) =>
  program.operations.some(test) ||
  (program.callbacks.some(({ operations }) => operations.some(test)) &&
    usedCallbacks(program).some((index) => program.callbacks[index]?.operations.some(test)));

const accesses = (access: "load" | "store") =>
  someOperation((operation) => operation.kind === "access-timer" && operation.access === access);

/** Whether timers are fields of the values themselves: until 6.1 the kernel knows none within a struct of theirs. */
const hasTimerOfItsOwn = (_: ProgramSpec, { maps }: Scenario): boolean =>
  maps.every(({ value }) => value.fields.every(({ inside }) => inside === undefined));

/** Whether a program holds a lock at one of its operations, which none of those before gave back. */
const holdsLock = (operations: readonly Operation[], at: number): boolean =>
  operations.slice(0, at).findLast(({ kind }) => kind === "spin-lock" || kind === "spin-unlock")?.kind === "spin-lock";

const callsUnderLock = ({ operations }: ProgramSpec): boolean =>
  operations.some(({ kind }) => kind === "spin-lock") &&
  operations.some((operation, at) => isTimerCall(operation) && holdsLock(operations, at));

/** Whether a program calls a timer helper with an element that was looked up in such a map. */
const usesMap =
  (test: (map: MapSpec) => boolean) =>
  ({ operations }: ProgramSpec, { maps }: Scenario): boolean =>
    maps.some(test) &&
    operations.some((operation, at) => {
      if (!isTimerCall(operation) || operation.element === "self") return false;
      const found = lookupBefore(operations, at, operation.element);
      const map = found?.kind === "lookup" ? maps[found.map] : undefined;
      return map !== undefined && test(map);
    });

const timerCount = ({ value }: MapSpec): number => value.fields.filter(({ kind }) => kind === "timer").length;

/** Whether a program inits a timer of an inner map with a map that is not the one of that inner lookup. */
const initsWithOther = ({ operations }: ProgramSpec): boolean =>
  operations.some((operation, at) => {
    if (operation.kind !== "timer-init" || operation.element === "self") return false;
    const own = lookupBefore(operations, at, operation.element);
    if (own?.kind !== "lookup-inner") return false;
    const other = operation.innerMapOf === undefined ? undefined : lookupBefore(operations, at, operation.innerMapOf);
    return own !== other;
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
          "A program is refused at load where it, or a callback that it sets, adds a number that the verifier cannot know to the pointer it hands a timer helper.",
        check: refuses(someOperation((operation) => isTimerCall(operation) && operation.variableOffset === true)),
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
          "A program is refused at load where the pointer that it, or a callback that it sets, hands a timer helper does not point at the timer of the value.",
        check: refuses(someOperation((operation) => isTimerCall(operation) && (operation.offsetDelta ?? 0) !== 0)),
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
        words: "A program is refused at load where it, or a callback that it sets, reads the bytes of a timer itself.",
        check: refuses((program, all) => accesses("load")(program) && hasTimerOfItsOwn(program, all)),
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
        words: "A program is refused at load where it, or a callback that it sets, writes the bytes of a timer itself.",
        check: refuses((program, all) => accesses("store")(program) && hasTimerOfItsOwn(program, all)),
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
        check: refuses(callsUnderLock),
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
        check: refuses(usesMap(({ btf }) => !btf)),
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
        check: refuses(usesMap((map) => timerCount(map) > 1)),
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
        check: refuses(initsWithOther),
        faults: ["verifier-allows-other-inner-map"],
      },
    ],
  },
] satisfies Guarantee[];
