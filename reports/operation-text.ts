/** One operation of a program in words: the call as one would write it in C, with elements named by map and key. */
import { formatResult } from "../bpf/errno.ts";
import { lookupBefore } from "../scenario/elements.ts";
import type { Element, Operation, OperationKind } from "../scenario/scenario.ts";
import { timerInitFlags, timerStartFlags, updateFlags } from "./flag-names.ts";
import { delayText } from "./time-text.ts";

/** An element by the lookup that found it: `m0[1]`, `m2[0]->[1]` for one of an inner map, `self` for a callback's own. */
function elementName(operations: readonly Operation[], at: number, element: Element): string {
  if (element === "self") return "self";
  const found = lookupBefore(operations, at, element);
  if (found === undefined) return `slot${element}`;
  const outer = `m${found.map}[${found.key}]`;
  return found.kind === "lookup-inner" ? `${outer}->[${found.innerKey}]` : outer;
}

/** The pointer that an operation on a timer is handed, with what a case adds to it. */
function timerPointer(
  {
    element,
    offsetDelta = 0,
    variableOffset = false,
  }: Extract<Operation, { kind: `timer-${string}` | "access-timer" }>,
  name: (element: Element) => string,
): string {
  const delta = offsetDelta === 0 ? "" : ` ${offsetDelta < 0 ? "-" : "+"} ${Math.abs(offsetDelta)}`;
  return `&${name(element)}.timer${delta}${variableOffset ? " + (bpf_ktime_get_ns() & 8)" : ""}`;
}

/** The map that bpf_timer_init is handed: one by its number, or the inner map of a slot. */
const mapArgument = ({ map, innerMapOf }: Extract<Operation, { kind: "timer-init" }>): string =>
  innerMapOf === undefined ? `m${map}` : `the inner map of slot ${innerMapOf}`;

const NOW = { monotonic: "bpf_ktime_get_ns", boottime: "bpf_ktime_get_boot_ns" } as const;

const startDelay = ({ ns, fromNow }: Extract<Operation, { kind: "timer-start" }>): string =>
  `${fromNow === undefined ? "" : `${NOW[fromNow]}() + `}${delayText(ns)}`;

type Texts = {
  [K in OperationKind]: (operation: Extract<Operation, { kind: K }>, name: (element: Element) => string) => string;
};

const TEXTS: Texts = {
  lookup: ({ map, key }) => `bpf_map_lookup_elem(m${map}, ${key})`,
  "lookup-inner": ({ map, key, innerKey }) => `bpf_map_lookup_elem(m${map}[${key}], ${innerKey})`,
  update: ({ map, key, flags }) => `bpf_map_update_elem(m${map}, ${key}, zeroes, ${updateFlags(flags)})`,
  delete: ({ map, key }) => `bpf_map_delete_elem(m${map}, ${key})`,
  "timer-init": (operation, name) =>
    `bpf_timer_init(${timerPointer(operation, name)}, ${mapArgument(operation)}, ${timerInitFlags(operation.flags)})`,
  "timer-set-callback": (operation, name) =>
    `bpf_timer_set_callback(${timerPointer(operation, name)}, callback${operation.callback})`,
  "timer-start": (operation, name) =>
    `bpf_timer_start(${timerPointer(operation, name)}, ${startDelay(operation)}, ${timerStartFlags(operation.flags)})`,
  "timer-cancel": (operation, name) => `bpf_timer_cancel(${timerPointer(operation, name)})`,
  "timer-cancel-async": (operation, name) => `bpf_timer_cancel_async(${timerPointer(operation, name)})`,
  "read-payload": ({ element }, name) => `read ${name(element)}.payload`,
  "write-payload": ({ element, value }, name) => `${name(element)}.payload = ${value}`,
  "access-timer": (operation, name) =>
    `${operation.access === "load" ? "read" : "write"} 8 bytes at ${timerPointer(operation, name)}`,
  "spin-lock": ({ element }, name) => `bpf_spin_lock(&${name(element)}.lock)`,
  "spin-unlock": ({ element }, name) => `bpf_spin_unlock(&${name(element)}.lock)`,
  "irq-save": () => "bpf_local_irq_save(&flags)",
  "irq-restore": () => "bpf_local_irq_restore(&flags)",
};

/** Operation `at` of a function in words; empty where there is none. */
export function operationText(operations: readonly Operation[], at: number): string {
  const operation = operations[at];
  if (operation === undefined) return "";
  const text = TEXTS[operation.kind] as (operation: Operation, name: (element: Element) => string) => string;
  return text(operation, (element) => elementName(operations, at, element));
}

type ResultText = (result: number) => string;
const found: ResultText = (result) => (result === 1 ? "found" : "missing");

/** The operations whose logged value is neither 0 nor an error number. */
const RESULT_TEXTS: Partial<Record<OperationKind, ResultText>> = {
  lookup: found,
  "lookup-inner": found,
  "read-payload": String,
  "access-timer": String,
};

/** What an operation gave, in words. */
export function operationResult(kind: OperationKind, result: number): string {
  return (RESULT_TEXTS[kind] ?? formatResult)(result);
}
