/** What the verifier asks of a program that uses timers. Each case holds a control, alike but for the defect. */
import fc from "fast-check";
import {
  callback,
  cancel,
  init,
  lookup,
  lookupInner,
  program,
  scenario,
  setCallback,
  start,
} from "../../generators/build.ts";
import { timerClock } from "../../generators/clock.ts";
import { timerElement } from "../../generators/map.ts";
import { runnableType } from "../../generators/program-type.ts";
import { delayNs } from "../../generators/time.ts";
import type { ProgramType } from "../../scenario/program-types.ts";
import type { MapSpec, Operation, ProgramSpec, Scenario } from "../../scenario/scenario.ts";
import type { Guarantee } from "../guarantee.ts";
import { loads } from "../judge.ts";

type TimerCall = Extract<Operation, { kind: `timer-${string}` }>;
const isTimerCall = (operation: Operation): operation is TimerCall => operation.kind.startsWith("timer-");
const callsTimer = ({ operations }: ProgramSpec): boolean => operations.some(isTimerCall);

/** A call of one of the four helpers on slot 0, whose element is of map `map`. */
const timerCall = (map = 0): fc.Arbitrary<TimerCall> =>
  fc
    .oneof(
      timerClock.map((clock) => init(map, clock)),
      fc.constant(setCallback(0)),
      delayNs().map((delay) => start(delay)),
      fc.constant(cancel()),
    )
    .filter(isTimerCall);

/** The control, and the program under test. */
const twins = (maps: MapSpec[], type: ProgramType, good: Operation[], bad: Operation[]): Scenario =>
  scenario(maps, [program(good, [callback()], type), program(bad, [callback()], type)], []);

const elementCall = fc.record({ element: timerElement, type: runnableType, call: timerCall() });

/** A call with a right pointer, and the same call with a wrong one. */
const misplaced = (wrong: fc.Arbitrary<Pick<TimerCall, "offsetDelta" | "variableOffset">>) =>
  fc.tuple(elementCall, wrong).map(
    ([
      {
        element: { map, key },
        type,
        call,
      },
      change,
    ]) => twins([map], type, [lookup(0, key), call], [lookup(0, key), { ...call, ...change }]),
  );

const someOperation = (test: (operation: Operation) => boolean) => (program: ProgramSpec) =>
  program.operations.some(test);

/** A program that reads the payload, and one that accesses 8 of the timer's bytes. */
const directly = (access: "load" | "store") =>
  fc
    .record({
      element: timerElement.filter(({ map }) => map.value.fields.some(({ kind }) => kind === "u64")),
      type: runnableType,
      offsetDelta: fc.constantFrom(0, 8),
    })
    .map(({ element: { map, key }, type, offsetDelta }) => {
      const allowed: Operation =
        access === "load" ? { kind: "read-payload", element: 0 } : { kind: "write-payload", element: 0, value: 1 };
      const refused: Operation = { kind: "access-timer", element: 0, access, offsetDelta };
      return twins([map], type, [lookup(0, key), allowed], [lookup(0, key), refused]);
    });

const accesses = (access: "load" | "store") =>
  someOperation((operation) => operation.kind === "access-timer" && operation.access === access);

/** A value with a lock, a timer and a payload; LRU hash maps take no locks. */
const lockedMap = fc.constantFrom<MapSpec["type"]>("array", "hash").map(
  (type): MapSpec => ({
    type,
    maxEntries: 1,
    flags: 0,
    btf: true,
    value: {
      size: 32,
      fields: [
        { kind: "spin-lock", offset: 0 },
        { kind: "timer", offset: 8 },
        { kind: "u64", offset: 24 },
      ],
    },
  }),
);

/** Socket filters may not use locks at all. */
const lockingType = runnableType.filter((type) => type !== "socket-filter");

function callsUnderLock({ operations }: ProgramSpec): boolean {
  const locked = operations.findIndex(({ kind }) => kind === "spin-lock");
  const unlocked = operations.findIndex(({ kind }) => kind === "spin-unlock");
  return operations.some((operation, at) => isTimerCall(operation) && at > locked && at < unlocked && locked >= 0);
}

const mapOf = ({ operations }: ProgramSpec, { maps }: Scenario): MapSpec | undefined => {
  const found = operations.find((operation) => operation.kind === "lookup");
  return found === undefined ? undefined : maps[found.map];
};

/** The same program over two maps: the first is as it has to be, the second is what `spoil` makes of it. */
const overMaps = (spoil: (map: MapSpec) => { right: MapSpec; wrong: MapSpec }) =>
  fc
    .record({ element: timerElement, type: runnableType, call: timerCall() })
    .map(({ element: { map, key }, type, call }) => {
      const { right, wrong } = spoil(map);
      const onSecond = call.kind === "timer-init" ? { ...call, map: 1 } : call;
      return twins([right, wrong], type, [lookup(0, key), call], [lookup(1, key), onSecond]);
    });

/** A value of a payload, a timer, and behind it something else. */
const twoFold = (map: MapSpec, second: "u64" | "timer"): MapSpec => ({
  ...map,
  value: {
    size: 40,
    fields: [
      { kind: "u64", offset: 0 },
      { kind: "timer", offset: 8 },
      { kind: second, offset: 24 },
    ],
  },
});

const timerCount = (map: MapSpec | undefined): number =>
  map?.value.fields.filter(({ kind }) => kind === "timer").length ?? 0;

const INNER_MAPS = 2;
const OUTER = 2;
/** Two inner maps in an outer one; a timer of the first is initialized with its own map, and with another. */
const innerMaps = fc
  .record({
    element: timerElement,
    outer: fc.constantFrom<MapSpec["type"]>("array-of-maps", "hash-of-maps"),
    type: runnableType,
    clock: timerClock,
    named: fc.boolean(),
  })
  .map(({ element: { map, key }, outer, type, clock, named }) => {
    const outerMap: MapSpec = {
      type: outer,
      maxEntries: INNER_MAPS,
      flags: 0,
      btf: false,
      value: { size: 4, fields: [] },
      innerMap: 0,
    };
    const initWith = (slot: number): Operation => ({
      kind: "timer-init",
      element: 0,
      map: OUTER,
      innerMapOf: slot,
      flags: clock,
    });
    const lookups = [lookupInner(OUTER, 0, key, 0), lookupInner(OUTER, 1, key, 1)];
    const other = named ? init(1, clock) : initWith(1);
    return twins([map, map, outerMap], type, [...lookups, initWith(0)], [...lookups, other]);
  });

const initsWithOther = someOperation(
  (operation) => operation.kind === "timer-init" && operation.innerMapOf !== operation.element,
);

const VERIFIER = "linux/kernel/bpf/verifier.c";

export default [
  {
    id: "verifier.constant-offset",
    statement:
      "A program is refused at load where it adds a number that the verifier cannot know to the pointer it hands a timer helper.",
    citations: [{ document: VERIFIER, place: "process_timer_func (since 7.0 check_map_field_pointer)" }],
    since: "5.15",
    undocumented: true,
    scenarios: misplaced(fc.constant({ variableOffset: true })),
    check: loads(
      "refused",
      someOperation((operation) => isTimerCall(operation) && operation.variableOffset === true),
    ),
    faults: ["verifier-allows-variable-offset"],
  },
  {
    id: "verifier.right-offset",
    statement:
      "A program is refused at load where the pointer it hands a timer helper does not point at the timer of the value.",
    citations: [{ document: VERIFIER, place: "process_timer_func (since 7.0 check_map_field_pointer)" }],
    since: "5.15",
    undocumented: true,
    scenarios: misplaced(fc.constantFrom(-8, -1, 1, 4, 8, 16).map((offsetDelta) => ({ offsetDelta }))),
    check: loads(
      "refused",
      someOperation((operation) => isTimerCall(operation) && (operation.offsetDelta ?? 0) !== 0),
    ),
    faults: ["verifier-allows-any-offset"],
  },
  {
    id: "verifier.no-direct-load",
    statement: "A program is refused at load where it reads the bytes of a timer itself.",
    citations: [{ document: VERIFIER, place: "check_map_access" }],
    since: "5.15",
    undocumented: true,
    scenarios: directly("load"),
    check: loads("refused", accesses("load")),
    faults: ["verifier-allows-timer-load"],
  },
  {
    id: "verifier.no-direct-store",
    statement: "A program is refused at load where it writes the bytes of a timer itself.",
    citations: [{ document: VERIFIER, place: "check_map_access" }],
    since: "5.15",
    undocumented: true,
    scenarios: directly("store"),
    check: loads("refused", accesses("store")),
    faults: ["verifier-allows-timer-store"],
  },
  {
    id: "verifier.spin-lock-held",
    statement: "A program is refused at load where it calls a timer helper while it holds a bpf_spin_lock.",
    citations: [{ document: VERIFIER, place: "do_check (since 7.0 do_check_insn), calls while a lock is held" }],
    since: "5.15",
    undocumented: true,
    scenarios: fc.record({ map: lockedMap, type: lockingType, call: timerCall() }).map(({ map, type, call }) => {
      const lock: Operation = { kind: "spin-lock", element: 0 };
      const unlock: Operation = { kind: "spin-unlock", element: 0 };
      return twins([map], type, [lookup(0, 0), lock, unlock, call], [lookup(0, 0), lock, call, unlock]);
    }),
    check: loads("refused", callsUnderLock),
    faults: ["verifier-allows-timer-under-lock"],
  },
  {
    id: "verifier.map-needs-btf",
    statement: "A program is refused at load where it uses a timer of a map that was created without BTF.",
    citations: [{ document: VERIFIER, place: "process_timer_func (since 7.0 check_map_field_pointer)" }],
    since: "5.15",
    undocumented: true,
    scenarios: overMaps((map) => ({ right: map, wrong: { ...map, btf: false } })),
    check: loads("refused", (program, all) => callsTimer(program) && mapOf(program, all)?.btf === false),
    faults: ["verifier-allows-timer-without-btf"],
  },
  {
    id: "verifier.one-timer-per-value",
    statement: "A program is refused at load where it uses a timer of a value that holds more than one.",
    citations: [
      { document: VERIFIER, place: "process_timer_func" },
      { document: "linux/kernel/bpf/btf.c", place: "btf_find_struct_field (since 6.2 btf_get_field_type)" },
    ],
    since: "5.15",
    undocumented: true,
    scenarios: overMaps((map) => ({ right: twoFold(map, "u64"), wrong: twoFold(map, "timer") })),
    check: loads("refused", (program, all) => callsTimer(program) && timerCount(mapOf(program, all)) > 1),
    faults: ["verifier-allows-two-timers"],
  },
  {
    id: "verifier.inner-map",
    statement:
      "A program is refused at load where it initializes a timer of an inner map with another map: a second inner map, or one that it names itself.",
    citations: [
      { document: "uapi/bpf_timer_init", place: "Description, last sentence" },
      { document: "ebpf-docs/bpf_timer_init", place: "Definition, last sentence" },
    ],
    since: "5.15",
    scenarios: innerMaps,
    check: loads("refused", initsWithOther),
    faults: ["verifier-allows-other-inner-map"],
  },
] satisfies Guarantee[];
