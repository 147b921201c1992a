/** The operations of programs and callbacks, as a history written as text spells them. */
import type { Element, Operation } from "../../../../../scenario/scenario.ts";
import { failAt, type Line } from "./lines.ts";
import { delayOf, flagsOf } from "./words.ts";

/** The elements that one function has looked up, by name; each keeps the slot in which it was first kept. */
export class Slots {
  readonly #names: string[] = [];

  keep(name: string): number {
    if (!this.#names.includes(name)) this.#names.push(name);
    return this.#names.indexOf(name);
  }

  find(name: string): Element | undefined {
    const slot = this.#names.indexOf(name);
    return name === "self" ? "self" : slot < 0 ? undefined : slot;
  }
}

interface Context {
  line: Line;
  slots: Slots;
}

/** `m0[1]`, `m2[0]->[1]` for an element of an inner map, `self` for a callback's own. */
const ELEMENT = "(self|m\\d+\\[\\d+\\](?:->\\[\\d+\\])?)";
/** The same where a timer is pointed at: with what is added to the pointer, `m0[1]+8`, `m0[1]+unknown`. */
const TIMER = `${ELEMENT}([+-]\\d+|\\+unknown)?`;

function elementOf(name: string, { line, slots }: Context): Element {
  const element = slots.find(name);
  if (element === undefined) throw failAt(line, `${name} was not looked up before`);
  return element;
}

function timerOf(name: string, moved: string | undefined, context: Context) {
  const element = elementOf(name, context);
  if (moved === undefined) return { element };
  return moved === "+unknown" ? { element, variableOffset: true } : { element, offsetDelta: Number(moved) };
}

/** The map of an element by its name, which for an inner one is the outer map; undefined for a callback's own. */
const mapOf = (name: string): number | undefined => {
  const map = /^m(\d+)/.exec(name)?.[1];
  return map === undefined ? undefined : Number(map);
};

/** Which map bpf_timer_init is handed: the element's own unless it is said. */
function initMap(name: string, given: string | undefined, inner: string | undefined, context: Context) {
  const [innerName, map] = [
    inner ?? (given === undefined && name.includes("->") ? name : undefined),
    mapOf(given ?? inner ?? name),
  ];
  if (map === undefined) throw failAt(context.line, "it has to say `with mN`");
  if (innerName === undefined) return { map };
  const innerMapOf = elementOf(innerName, context);
  if (innerMapOf === "self") throw failAt(context.line, "a callback's own element has no inner map");
  return { map, innerMapOf };
}

function known<T>(value: T | undefined, words: string | undefined, { line }: Context): T {
  if (value === undefined) throw failAt(line, `${words ?? ""} is not known`);
  return value;
}

type Reads = (parts: (string | undefined)[], context: Context) => Operation;

/** Each form of an operation, and how its parts are read. */
const FORMS: readonly [pattern: RegExp, reads: Reads][] = [
  [
    /^lookup m(\d+)\[(\d+)\]$/,
    ([map, key], { slots }) => ({
      kind: "lookup",
      map: Number(map),
      key: Number(key),
      slot: slots.keep(`m${map}[${key}]`),
    }),
  ],
  [
    /^lookup m(\d+)\[(\d+)\]->\[(\d+)\]$/,
    ([map, key, innerKey], { slots }) => ({
      kind: "lookup-inner",
      map: Number(map),
      key: Number(key),
      innerKey: Number(innerKey),
      slot: slots.keep(`m${map}[${key}]->[${innerKey}]`),
    }),
  ],
  [
    /^update m(\d+)\[(\d+)\](?: flags (\S+))?$/,
    ([map, key, flags = "0"], context) => ({
      kind: "update",
      map: Number(map),
      key: Number(key),
      flags: Number(known(flagsOf(flags), flags, context)),
    }),
  ],
  [/^delete m(\d+)\[(\d+)\]$/, ([map, key]) => ({ kind: "delete", map: Number(map), key: Number(key) })],
  [
    new RegExp(`^init ${TIMER}(?: with (?:m(\\d+)|the map of ${ELEMENT}))? (\\S+)$`),
    ([name = "", moved, map, inner, flags = ""], context) => ({
      kind: "timer-init",
      ...timerOf(name, moved, context),
      ...initMap(name, map === undefined ? undefined : `m${map}`, inner, context),
      flags: known(flagsOf(flags), flags, context),
    }),
  ],
  [
    new RegExp(`^set_callback ${TIMER} cb(\\d+)$`),
    ([name = "", moved, callback], context) => ({
      kind: "timer-set-callback",
      ...timerOf(name, moved, context),
      callback: Number(callback),
    }),
  ],
  [
    new RegExp(`^start ${TIMER} (?:(monotonic|boottime)\\+)?(\\S+)(?: (\\S+))?$`),
    ([name = "", moved, fromNow, delay = "", flags = "0"], context) => ({
      kind: "timer-start",
      ...timerOf(name, moved, context),
      ns: known(delayOf(delay), delay, context),
      flags: known(flagsOf(flags), flags, context),
      ...(fromNow === undefined ? {} : { fromNow: fromNow as "monotonic" | "boottime" }),
    }),
  ],
  [
    new RegExp(`^cancel ${TIMER}$`),
    ([name = "", moved], context) => ({ kind: "timer-cancel", ...timerOf(name, moved, context) }),
  ],
  [
    new RegExp(`^cancel_async ${TIMER}$`),
    ([name = "", moved], context) => ({ kind: "timer-cancel-async", ...timerOf(name, moved, context) }),
  ],
  [
    new RegExp(`^read ${ELEMENT}$`),
    ([name = ""], context) => ({ kind: "read-payload", element: elementOf(name, context) }),
  ],
  [
    new RegExp(`^write ${ELEMENT} (\\d+)$`),
    ([name = "", value], context) => ({
      kind: "write-payload",
      element: elementOf(name, context),
      value: Number(value),
    }),
  ],
  [
    new RegExp(`^(load|store) timer ${TIMER}$`),
    ([access, name = "", moved], context) => ({
      kind: "access-timer",
      ...timerOf(name, moved, context),
      access: access as "load" | "store",
    }),
  ],
  [
    new RegExp(`^spin_lock ${ELEMENT}$`),
    ([name = ""], context) => ({ kind: "spin-lock", element: elementOf(name, context) }),
  ],
  [
    new RegExp(`^spin_unlock ${ELEMENT}$`),
    ([name = ""], context) => ({ kind: "spin-unlock", element: elementOf(name, context) }),
  ],
  [/^irq_save$/, () => ({ kind: "irq-save" })],
  [/^irq_restore$/, () => ({ kind: "irq-restore" })],
];

/**
 * Reads one operation of a function whose lookups so far `slots` knows.
 * @throws {HistoryTextError} where the line is none, or names an element that was not looked up
 */
export function readOperation(line: Line, slots: Slots): Operation {
  for (const [pattern, reads] of FORMS) {
    const match = pattern.exec(line.words);
    if (match !== null) return reads(match.slice(1), { line, slots });
  }
  throw failAt(line, "that is no operation");
}
