/**
 * Programs that break no rule which is written down: those that a kernel has to take. What depends on the release or on
 * how a kernel was built (kfuncs, other program types) is left out.
 */
import { lookupBefore, usedCallbacks } from "../../scenario/elements.ts";
import type {
  Callback,
  Element,
  MapSpec,
  Operation,
  OperationKind,
  ProgramSpec,
  Scenario,
} from "../../scenario/scenario.ts";
import { fieldOffset } from "../../scenario/value-layout.ts";
import { hasField, isOfMaps, isOpenToPrograms, timersIn } from "./plain-maps.ts";
import type { Reading } from "./reading.ts";

/** Program types that every kernel with BPF timers loads, runs and lets use them. */
export const PLAIN_PROGRAM_TYPES: ReadonlySet<ProgramSpec["type"]> = new Set([
  "sched-cls",
  "sched-act",
  "socket-filter",
  "xdp",
  "cgroup-skb",
]);

/** The map that an element lies in, and whether it was reached through an outer one. */
interface Home {
  map: number;
  spec: MapSpec;
  isInner: boolean;
}

/** A function of a program, with the map of the timer that calls it where it is a callback. */
interface Body {
  scenario: Scenario;
  operations: readonly Operation[];
  self: Home | undefined;
}

function homeOf({ scenario, operations, self }: Body, at: number, element: Element): Home | undefined {
  if (element === "self") return self;
  const found = lookupBefore(operations, at, element);
  const named = found === undefined ? undefined : scenario.maps[found.map];
  if (found === undefined || named === undefined) return undefined;
  if (found.kind === "lookup") return { map: found.map, spec: named, isInner: false };
  const spec = scenario.maps[named.innerMap ?? -1];
  return spec === undefined ? undefined : { map: found.map, spec, isInner: true };
}

type Of<K extends OperationKind> = Extract<Operation, { kind: K }>;
type Rules = { [K in OperationKind]?: (operation: Of<K>, body: Body, at: number) => boolean };

const isChangeable = ({ map }: { map: number }, { scenario }: Body): boolean => {
  const spec = scenario.maps[map];
  return spec !== undefined && !isOfMaps(spec) && isOpenToPrograms(spec);
};

const hasOneTimer = (map: MapSpec): boolean =>
  timersIn(map) === 1 && map.value.fields.every(({ inside }) => inside === undefined);

/** On a timer, by a pointer to it and to nothing else. */
const onTimer = (
  operation: { element: Element; offsetDelta?: number | undefined; variableOffset?: boolean | undefined },
  body: Body,
  at: number,
): boolean => {
  const home = homeOf(body, at, operation.element);
  const isDirect = (operation.offsetDelta ?? 0) === 0 && operation.variableOffset !== true;
  return home !== undefined && isDirect && home.spec.btf && hasOneTimer(home.spec);
};

const onNumber = ({ element }: { element: Element }, body: Body, at: number): boolean => {
  const home = homeOf(body, at, element);
  return home !== undefined && isOpenToPrograms(home.spec) && hasField(home.spec, "u64");
};

/** A lock is taken and given back, and nothing is done meanwhile; kernels differ in that of a callback's own element. */
const besides =
  (step: 1 | -1, kind: "spin-lock" | "spin-unlock") =>
  ({ element }: { element: Element }, body: Body, at: number): boolean => {
    if (element === "self") return false;
    const other = body.operations[at + step];
    const home = homeOf(body, at, element);
    return other?.kind === kind && other.element === element && home !== undefined && hasField(home.spec, "spin-lock");
  };

/** Which operations break no rule, each where it stands; what is not here may. */
const RULES: Rules = {
  lookup: ({ map }, { scenario: { maps } }) => maps[map] !== undefined && !isOfMaps(maps[map]),
  "lookup-inner": ({ map }, { scenario: { maps } }) => maps[maps[map]?.innerMap ?? -1] !== undefined,
  update: isChangeable,
  delete: isChangeable,
  "timer-init": (operation, body, at) => {
    const home = homeOf(body, at, operation.element);
    if (home === undefined || !onTimer(operation, body, at) || home.map !== operation.map) return false;
    if (!home.isInner) return operation.innerMapOf === undefined;
    return operation.element !== "self" && operation.innerMapOf === operation.element;
  },
  "timer-set-callback": onTimer,
  "timer-start": onTimer,
  "timer-cancel": onTimer,
  "read-payload": onNumber,
  "write-payload": onNumber,
  "spin-lock": besides(1, "spin-unlock"),
  "spin-unlock": besides(-1, "spin-lock"),
};
const RULE_OF = RULES as Partial<Record<OperationKind, (operation: Operation, body: Body, at: number) => boolean>>;

const isPlainBody = (body: Body): boolean =>
  body.operations.every((operation, at) => RULE_OF[operation.kind]?.(operation, body, at) === true);

/** The callbacks that a function sets, each with the map of the timer. */
function setsOf(body: Body): { callback: number; home: Home }[] {
  const sets: { callback: number; home: Home }[] = [];
  for (const [at, operation] of body.operations.entries()) {
    if (operation.kind !== "timer-set-callback") continue;
    const home = homeOf(body, at, operation.element);
    if (home !== undefined) sets.push({ callback: operation.callback, home });
  }
  return sets;
}

/**
 * Every map that the code of a program names: those that it works on, and where it sets a callback also those of all
 * callbacks, since each tells the map that it was called with from these.
 */
export function mapsNamedBy(program: ProgramSpec): number[] {
  const named: number[] = [];
  const read = (operations: readonly Operation[]): void => {
    for (const operation of operations) if ("map" in operation) named.push(operation.map);
  };
  read(program.operations);
  if (usedCallbacks(program).length > 0) for (const { operations } of program.callbacks) read(operations);
  return named;
}

const findNamedMaps = ({ scenario }: Reading): readonly number[][] => scenario.programs.map(mapsNamedBy);

/** The same for each program of a case. */
export const namedMaps = (reading: Reading): readonly (readonly number[])[] => reading.shared(findNamedMaps);

/** Whether what a callback does with its own element lies at the same place in the values of two maps. */
const isAlikeFor = (callback: Callback | undefined, one: MapSpec, other: MapSpec): boolean =>
  (callback?.operations ?? [])
    .filter((operation) => "element" in operation && operation.element === "self")
    .map(({ kind }) => (kind.endsWith("-payload") ? "u64" : "timer"))
    .every((field) => fieldOffset(one, field) === fieldOffset(other, field));

/** Whether a program breaks no rule, in its callbacks neither: each for the timers of every map that it is set on. */
export function isPlainProgram(program: ProgramSpec, scenario: Scenario): boolean {
  const { type, operations, callbacks } = program;
  if (!PLAIN_PROGRAM_TYPES.has(type)) return false;
  // Programs of this type may not use maps with locks.
  const hasLocks = (): boolean => mapsNamedBy(program).some((map) => hasField(scenario.maps[map], "spin-lock"));
  if (type === "socket-filter" && hasLocks()) return false;
  const homes = new Map<number, Home[]>();
  const isPlainFrom = (body: Body): boolean =>
    isPlainBody(body) &&
    setsOf(body).every(({ callback: index, home }) => {
      const callback = callbacks[index];
      const others = homes.get(index) ?? [];
      if (others.some(({ map, isInner }) => map === home.map && isInner === home.isInner)) return true;
      homes.set(index, [...others, home]);
      if (others.some(({ spec }) => !isAlikeFor(callback, spec, home.spec))) return false;
      if (callback === undefined || callback.returns !== 0 || (callback.mayReturn ?? 0) !== 0) return false;
      return isPlainFrom({ scenario, operations: callback.operations, self: home });
    });
  return isPlainFrom({ scenario, operations, self: undefined });
}
