/**
 * Short forms for writing scenarios down: operations, programs and steps, with the usual preparation filled in.
 * @since 0.1.0
 */

import type { ProgramType } from "./program-types.ts";
import type { Callback, Element, MapSpec, Operation, ProgramSpec, Scenario, Step, U64 } from "./scenario.ts";

export const lookup = (map: number, key: number, slot = 0): Operation => ({ kind: "lookup", map, key, slot });
export const updateElement = (map: number, key: number, flags = 0): Operation => ({ kind: "update", map, key, flags });
export const deleteElement = (map: number, key: number): Operation => ({ kind: "delete", map, key });
export const init = (map: number, flags: U64, element: Element = 0): Operation => ({
  kind: "timer-init",
  element,
  map,
  flags,
});
export const setCallback = (callback: number, element: Element = 0): Operation => ({
  kind: "timer-set-callback",
  element,
  callback,
});
export const start = (ns: U64, flags: U64 = 0, element: Element = 0): Operation => ({
  kind: "timer-start",
  element,
  ns,
  flags,
});
export const cancel = (element: Element = 0): Operation => ({ kind: "timer-cancel", element });

export const cancelAsync = (element: Element = 0): Operation => ({ kind: "timer-cancel-async", element });
/** Element `innerKey` of the inner map that the outer one has at `key`. */
export const lookupInner = (map: number, key: number, innerKey: number, slot = 0): Operation => ({
  kind: "lookup-inner",
  map,
  key,
  innerKey,
  slot,
});

export const readPayload = (element: Element = 0): Operation => ({ kind: "read-payload", element });
export const writePayload = (value: number, element: Element = 0): Operation => ({
  kind: "write-payload",
  element,
  value,
});

/** Take and give back the lock of an element. */
export const spinLock = (element: Element = 0): Operation => ({ kind: "spin-lock", element });
export const spinUnlock = (element: Element = 0): Operation => ({ kind: "spin-unlock", element });
/** `operations` with interrupts off; what they give is logged right after. */
export const interruptsOff = (operations: Operation[]): Operation[] => [
  { kind: "irq-save" },
  ...operations,
  { kind: "irq-restore" },
];

export const callback = (operations: Operation[] = [], returns = 0): Callback => ({ operations, returns });
/** A callback that returns 0, or `mayReturn` on a branch that nobody can foresee. */
export const branchingCallback = (mayReturn: number, operations: Operation[] = []): Callback => ({
  operations,
  returns: 0,
  mayReturn,
});

const TIMER_OFFSET = 8;

/** A map whose values are a number and a timer. */
export const timerMap = (maxEntries: number, type: MapSpec["type"] = "array"): MapSpec => ({
  type,
  maxEntries,
  flags: 0,
  btf: true,
  value: {
    size: 24,
    fields: [
      { kind: "u64", offset: 0 },
      { kind: "timer", offset: TIMER_OFFSET },
    ],
  },
});

/** A program; SCHED_CLS unless said otherwise, whose test run lets no timer fire under it. */
export const program = (
  operations: Operation[],
  callbacks: Callback[] = [],
  type: ProgramType = "sched-cls",
): ProgramSpec => ({ type, operations, callbacks });

export const run = (index = 0): Step => ({ kind: "run", program: index });
export const advance = (ns: number): Step => ({ kind: "advance", ns });
export const closeMap = (map = 0): Step => ({ kind: "close-map", map });
export const pinMap = (map = 0): Step => ({ kind: "pin-map", map });
export const unpinMap = (map = 0): Step => ({ kind: "unpin-map", map });
export const openPin = (map = 0): Step => ({ kind: "open-pin", map });
export const closeProgram = (index = 0): Step => ({ kind: "close-program", program: index });
export const findProgram = (index = 0): Step => ({ kind: "find-program", program: index });
export const exitProcess = (): Step => ({ kind: "exit-process" });
export const dropCapability = (): Step => ({ kind: "drop-capability" });
/** User space writes, deletes and reads an element; `fill` is what it writes where timer, lock and work queue lie. */
export const userUpdate = (key: number, payload = 0, fill = 0, map = 0, flags = 0): Step => ({
  kind: "update",
  map,
  key,
  payload,
  fill,
  flags,
});
export const userDelete = (key: number, map = 0): Step => ({ kind: "delete", map, key });
export const userLookup = (key: number, map = 0): Step => ({ kind: "lookup", map, key });

function insertions(maps: readonly MapSpec[], programs: readonly ProgramSpec[]): Step[] {
  const operations = programs.flatMap((part) => [part, ...part.callbacks]).flatMap((part) => part.operations);
  const inserted = new Map<string, Step>();
  for (const operation of operations) {
    if (operation.kind !== "lookup" || maps[operation.map]?.type === "array") continue;
    const { map, key } = operation;
    inserted.set(`${map}/${key}`, userUpdate(key, 0, 0, map));
  }
  return [...inserted.values()];
}

/**
 * A scenario that first creates its maps, loads its programs and inserts the elements that the programs look up (an
 * array has them from the start), then does `steps`.
 */
export function scenario(maps: MapSpec[], programs: ProgramSpec[], steps: Step[]): Scenario {
  return {
    maps,
    programs,
    steps: [
      ...maps.map((_, map): Step => ({ kind: "create-map", map })),
      ...programs.map((_, index): Step => ({ kind: "load-program", program: index })),
      ...insertions(maps, programs),
      ...steps,
    ],
  };
}
