/** Programs that use timers and do nothing that any rule forbids. */
import { lookupBefore } from "../../scenario/elements.ts";
import type { MapSpec, Operation, OperationKind, ProgramSpec, Scenario } from "../../scenario/scenario.ts";
import { timersIn } from "./plain-maps.ts";

/** The map types whose values may hold a timer. */
export const TIMER_MAP_TYPES: readonly MapSpec["type"][] = ["array", "hash", "lru-hash"];

export type TimerCall = Extract<Operation, { kind: `timer-${string}` }>;
export const isTimerCall = (operation: Operation): operation is TimerCall => operation.kind.startsWith("timer-");

const holdsOneTimer = (map: MapSpec): boolean => TIMER_MAP_TYPES.includes(map.type) && map.btf && timersIn(map) === 1;

/** Whether an operation looks an element with a timer up, or calls one of some helpers with a timer that was looked up so. */
function isPlainOperation(
  operations: readonly Operation[],
  at: number,
  { maps }: Scenario,
  kinds: readonly OperationKind[],
): boolean {
  const operation = operations[at] as Operation;
  if (operation.kind === "lookup") {
    const map = maps[operation.map];
    return map !== undefined && holdsOneTimer(map);
  }
  if (!isTimerCall(operation) || !kinds.includes(operation.kind)) return false;
  // What a callback's own element is depends on where the callback is set: nothing is said of those here.
  if (operation.element === "self" || operation.offsetDelta !== undefined || operation.variableOffset !== undefined)
    return false;
  const found = lookupBefore(operations, at, operation.element);
  if (found?.kind !== "lookup") return false;
  return operation.kind !== "timer-init" || (operation.map === found.map && operation.innerMapOf === undefined);
}

/**
 * Whether a program looks up elements with a timer and calls some of the timer helpers with these timers and their own
 * maps, and no more; and its callbacks alike, which return 0.
 */
export const usesTimersPlainly = (
  program: ProgramSpec,
  scenario: Scenario,
  kinds: readonly OperationKind[],
): boolean => {
  const isPlain = (operations: readonly Operation[]): boolean =>
    operations.every((_, at) => isPlainOperation(operations, at, scenario, kinds));
  return (
    program.operations.some(isTimerCall) &&
    isPlain(program.operations) &&
    program.callbacks.every(
      ({ operations, returns }) =>
        returns === 0 && isPlain(operations) && !operations.some(({ kind }) => kind === "timer-set-callback"),
    )
  );
};
