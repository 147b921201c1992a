/** Random programs: what they intend is drawn freely, then written down so that every element is looked up first. */
import fc from "fast-check";
import { BPF_F_LOCK } from "../bpf/uapi.ts";
import { interruptsOff } from "../scenario/build.ts";
import type { Callback, MapSpec, Operation, ProgramSpec } from "../scenario/scenario.ts";
import { otherClock, reservedFlags, timerClock } from "./clock.ts";
import { runnableType } from "./program-type.ts";

const OPERATIONS_MAX = 7;
const CALLBACKS_MAX = 2;
const CALLBACK_OPERATIONS_MAX = 3;

/**
 * One cell of the grid of random scenarios, nanoseconds. Steps end on its edges; a program's starts expire inside it,
 * each with a place of its own that lies further from the others and from the edges than several steps take.
 */
export const CELL_NS = 200_000_000;
const FIRST_PLACE_NS = 40_000_000;
const APART_NS = 4_000_000;
/** Starts one program may make. */
const STARTS_MAX = OPERATIONS_MAX + 1;

/** What an operation works on: an element of a map, or (in a callback) its own. */
type Target = { map: number; key: number } | "self";

type Intent =
  | {
      kind: "init";
      target: Target;
      flags: Extract<Operation, { kind: "timer-init" }>["flags"];
      otherMap: boolean;
      misplaced: boolean;
    }
  | { kind: "set-callback"; target: Target; callback: number }
  | { kind: "start"; target: Target; cells: number; flags: number }
  | { kind: "cancel"; target: Target }
  | { kind: "payload"; target: Target; write: number | null }
  | { kind: "access"; target: Target; access: "load" | "store" }
  | { kind: "lock"; target: Target }
  | { kind: "interrupts-off"; target: Target; call: InterruptsOffCall }
  | Replacement;

/** What is called with interrupts off. */
type InterruptsOffCall = "cancel" | "cancel-async" | "start" | "init";

/** What takes an element's timer away. */
type Replacement = { kind: "update" | "delete"; map: number; key: number; flags: number };
const isReplacement = (intent: Intent): intent is Replacement => intent.kind === "update" || intent.kind === "delete";

/** True once in `times`. */
const rarely = (times: number): fc.Arbitrary<boolean> => fc.nat({ max: times - 1 }).map((drawn) => drawn === times - 1);

/**
 * Callbacks start no timer but their own: two timers started from one callback would expire together, and in which
 * order is nobody's promise.
 */
function intent(maps: readonly MapSpec[], callbacks: number, inCallback: boolean): fc.Arbitrary<Intent> {
  const map = fc.nat({ max: maps.length - 1 });
  const key = fc.nat({ max: Math.max(...maps.map(({ maxEntries }) => maxEntries)) - 1 });
  // Mostly a key that the map can hold; now and then one that is missing.
  const element = fc
    .record({ map, key, beyond: rarely(12) })
    .map(({ map, key, beyond }) => ({ map, key: beyond ? key + 1 : key % (maps[map]?.maxEntries ?? 1) }));
  const target: fc.Arbitrary<Target> = inCallback ? fc.oneof(fc.constant("self" as const), element) : element;
  const flags = fc.oneof(
    { weight: 8, arbitrary: timerClock },
    { weight: 1, arbitrary: otherClock },
    { weight: 1, arbitrary: reservedFlags },
  );
  const kind = <K extends Intent["kind"]>(name: K) => fc.constant(name);
  const choices: fc.WeightedArbitrary<Intent>[] = [
    {
      weight: 5,
      arbitrary: fc.record({ kind: kind("init"), target, flags, otherMap: rarely(40), misplaced: rarely(60) }),
    },
    {
      weight: 5,
      arbitrary: fc.record({
        kind: kind("start"),
        target: inCallback ? fc.constant("self" as const) : element,
        cells: fc.nat({ max: 3 }),
        flags: fc.constantFrom(0, 0, 0, 0, 2, 4),
      }),
    },
    { weight: 2, arbitrary: fc.record({ kind: kind("cancel"), target }) },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: kind("payload"),
        target: element,
        write: fc.oneof(fc.constant(null), fc.nat({ max: 255 })),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        kind: fc.constantFrom("update" as const, "delete" as const),
        map,
        key,
        flags: fc.constantFrom(0, 0, 0, BPF_F_LOCK),
      }),
    },
    {
      weight: 0.2,
      arbitrary: fc.record({
        kind: kind("interrupts-off"),
        target: element,
        call: fc.constantFrom<InterruptsOffCall>("cancel", "cancel", "start", "start", "init", "cancel-async"),
      }),
    },
  ];
  if (maps.some(hasLock)) choices.push({ weight: 3, arbitrary: fc.record({ kind: kind("lock"), target }) });
  if (callbacks > 0)
    choices.push({
      weight: 5,
      arbitrary: fc.record({ kind: kind("set-callback"), target, callback: fc.nat({ max: callbacks - 1 }) }),
    });
  if (!inCallback)
    choices.push({
      weight: 0.2,
      arbitrary: fc.record({
        kind: kind("access"),
        target,
        access: fc.constantFrom("load" as const, "store" as const),
      }),
    });
  return fc.oneof(...choices.map(({ weight, arbitrary }) => ({ weight: weight * 10, arbitrary })));
}

const hasLock = ({ value }: MapSpec): boolean => value.fields.some(({ kind }) => kind === "spin-lock");

/** Numbers the starts of a scenario, so that no two expire together. */
interface Starts {
  next: number;
}

/** Writes one function down, looking each element up before its first use and again after it may have gone. */
class FunctionWriter {
  readonly operations: Operation[] = [];
  readonly #maps: readonly MapSpec[];
  readonly #starts: Starts;
  readonly #slots: ({ map: number; key: number } | undefined)[] = [];
  #selfIsSure = true;

  constructor(maps: readonly MapSpec[], starts: Starts) {
    this.#maps = maps;
    this.#starts = starts;
  }

  #element(target: Target): number | "self" | undefined {
    if (target === "self") return this.#selfIsSure ? "self" : undefined;
    const found = this.#slots.findIndex((slot) => slot?.map === target.map && slot.key === target.key);
    if (found >= 0) return found;
    if (this.#slots.length >= 4) return undefined;
    const slot = this.#slots.push(target) - 1;
    this.operations.push({ kind: "lookup", ...target, slot });
    return slot;
  }

  write(intent: Intent): void {
    if (isReplacement(intent)) {
      const { kind, map, key, flags } = intent;
      this.operations.push(kind === "update" ? { kind, map, key, flags } : { kind, map, key });
      if (this.#maps[map]?.type === "array") return;
      // Pointers into the map may dangle from here on: what a stale pointer does is nobody's promise.
      for (const [slot, held] of this.#slots.entries()) if (held?.map === map) this.#slots[slot] = undefined;
      this.#selfIsSure = false;
      return;
    }
    const element = this.#element(intent.target);
    if (element === undefined) return;
    this.operations.push(...this.#timerOperations(intent, element));
  }

  #ownMap(target: Target): number {
    return target === "self" ? 0 : target.map;
  }

  #timerOperations(intent: Exclude<Intent, Replacement>, element: number | "self"): Operation[] {
    switch (intent.kind) {
      case "init": {
        const own = this.#ownMap(intent.target);
        const map = intent.otherMap ? (own + 1) % this.#maps.length : own;
        const misplaced = intent.misplaced ? { offsetDelta: 8 } : {};
        return [{ kind: "timer-init", element, map, flags: intent.flags, ...misplaced }];
      }
      case "set-callback":
        return [{ kind: "timer-set-callback", element, callback: intent.callback }];
      case "start": {
        // A callback that starts its own timer again keeps the timer's place within the cell.
        const ns =
          element === "self"
            ? (intent.cells + 1) * CELL_NS
            : intent.cells * CELL_NS + FIRST_PLACE_NS + APART_NS * this.#starts.next++;
        return [{ kind: "timer-start", element, ns, flags: intent.flags }];
      }
      case "cancel":
        return [{ kind: "timer-cancel", element }];
      case "access":
        return [{ kind: "access-timer", element, access: intent.access }];
      case "lock": {
        const map = this.#maps[this.#ownMap(intent.target)];
        if (map === undefined || !hasLock(map)) return [];
        return [
          { kind: "spin-lock", element },
          { kind: "spin-unlock", element },
        ];
      }
      case "interrupts-off":
        return interruptsOff([this.#callWithInterruptsOff(intent, element)]);
      case "payload": {
        const map = this.#maps[this.#ownMap(intent.target)];
        if (intent.target === "self" || map?.value.fields.every(({ kind }) => kind !== "u64")) return [];
        return intent.write === null
          ? [{ kind: "read-payload", element }]
          : [{ kind: "write-payload", element, value: intent.write }];
      }
    }
  }

  #callWithInterruptsOff(
    { call, target }: Extract<Intent, { kind: "interrupts-off" }>,
    element: number | "self",
  ): Operation {
    switch (call) {
      case "cancel":
        return { kind: "timer-cancel", element };
      case "cancel-async":
        return { kind: "timer-cancel-async", element };
      case "init":
        return { kind: "timer-init", element, map: this.#ownMap(target), flags: 1 };
      case "start":
        return { kind: "timer-start", element, ns: FIRST_PLACE_NS + APART_NS * this.#starts.next++, flags: 0 };
    }
  }
}

function written(maps: readonly MapSpec[], starts: Starts, intents: readonly Intent[]): Operation[] {
  const writer = new FunctionWriter(maps, starts);
  for (const each of intents) writer.write(each);
  return writer.operations;
}

/**
 * A random program over these maps, number `index` of its scenario: it may init wrongly, start unset timers, lack a
 * callback, or break a rule that the verifier holds.
 */
export function anyProgram(maps: readonly MapSpec[], index: number): fc.Arbitrary<ProgramSpec> {
  return fc
    .nat({ max: CALLBACKS_MAX })
    .chain((callbacks) =>
      fc.record({
        type: runnableType,
        lifecycle: rarely(2),
        intents: fc.array(intent(maps, callbacks, false), { minLength: 1, maxLength: OPERATIONS_MAX }),
        callbacks: fc.array(
          fc.record({
            intents: fc.array(intent(maps, callbacks, true), { maxLength: CALLBACK_OPERATIONS_MAX }),
            returns: rarely(50).map(Number),
            mayReturn: fc.oneof(
              { weight: 30, arbitrary: fc.constant(undefined) },
              { weight: 1, arbitrary: fc.constantFrom(0, 1001) },
            ),
          }),
          { minLength: callbacks, maxLength: callbacks },
        ),
      }),
    )
    .map(({ type, lifecycle, intents, callbacks }) => {
      const starts = { next: index * STARTS_MAX };
      const first = intents[0];
      const target: Target = first !== undefined && !isReplacement(first) ? first.target : { map: 0, key: 0 };
      // Half of the programs begin with a whole lifecycle, so that armed timers are common.
      const opening: Intent[] =
        lifecycle && callbacks.length > 0
          ? [
              { kind: "init", target, flags: 1, otherMap: false, misplaced: false },
              { kind: "set-callback", target, callback: 0 },
              { kind: "start", target, cells: 1, flags: 0 },
            ]
          : [];
      return {
        type,
        operations: written(maps, starts, [...opening, ...intents]),
        callbacks: callbacks.map(
          (each): Callback => ({
            operations: written(maps, starts, each.intents),
            returns: each.returns,
            ...(each.mayReturn === undefined ? {} : { mayReturn: each.mayReturn }),
          }),
        ),
      };
    });
}
