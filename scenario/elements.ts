/** Which map an operation's element belongs to, and which callbacks a program can reach: read off the operations. */
import type { Element, Operation, ProgramSpec } from "./scenario.ts";

const operationsOf = (program: ProgramSpec, callback: number | null): readonly Operation[] =>
  callback === null ? program.operations : (program.callbacks[callback]?.operations ?? []);

/** The lookup that fills `slot` for operation `at`; undefined where none does. */
export function lookupBefore(
  operations: readonly Operation[],
  at: number,
  slot: number,
): Extract<Operation, { slot: number }> | undefined {
  for (let index = at - 1; index >= 0; index--) {
    const operation = operations[index];
    if (operation !== undefined && "slot" in operation && operation.slot === slot) return operation;
  }
  return undefined;
}

/** Whether interrupts are off when operation `at` is executed. */
export function interruptsOffAt(operations: readonly Operation[], at: number): boolean {
  for (let index = at - 1; index >= 0; index--) {
    const kind = operations[index]?.kind;
    if (kind === "irq-save" || kind === "irq-restore") return kind === "irq-save";
  }
  return false;
}

/** The callbacks that the program's code refers to, in order of first reference. */
export function usedCallbacks(program: ProgramSpec): number[] {
  const used: number[] = [];
  const visit = (operations: readonly Operation[]): void => {
    for (const operation of operations) {
      if (operation.kind !== "timer-set-callback" || used.includes(operation.callback)) continue;
      used.push(operation.callback);
      visit(operationsOf(program, operation.callback));
    }
  };
  visit(program.operations);
  return used;
}

/**
 * The map that an element was looked up in (for an inner lookup: the outer map). A callback's own element counts as
 * of the map of the first timer that the callback was set on.
 */
export function resolveElementMap(
  program: ProgramSpec,
  callback: number | null,
  at: number,
  element: Element,
): number | undefined {
  return resolve(program, callback, at, element, new Set());
}

function resolve(
  program: ProgramSpec,
  callback: number | null,
  at: number,
  element: Element,
  visited: Set<number>,
): number | undefined {
  if (element !== "self") return lookupBefore(operationsOf(program, callback), at, element)?.map;
  if (callback === null || visited.has(callback)) return undefined;
  visited.add(callback);
  for (const from of [null, ...program.callbacks.keys()]) {
    const operations = operationsOf(program, from);
    for (const [index, operation] of operations.entries()) {
      if (operation.kind !== "timer-set-callback" || operation.callback !== callback) continue;
      const map = resolve(program, from, index, operation.element, visited);
      if (map !== undefined) return map;
    }
  }
  return undefined;
}
