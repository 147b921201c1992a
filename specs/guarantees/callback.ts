/** What a callback may do to the element it is called for, and what it shares with the rest of the system. */
import fc from "fast-check";
import { oneTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import {
  advance,
  callback,
  deleteElement,
  init,
  lookup,
  program,
  readPayload,
  run,
  setCallback,
  start,
  updateElement,
  userLookup,
  writePayload,
} from "../../scenario/build.ts";
import type { CallEvent, FiringEvent, HistoryEvent } from "../../scenario/history.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { payloadOf } from "../../scenario/value-layout.ts";
import { callsReturn } from "../checks/calls.ts";
import { quietOnceFreed } from "../checks/firing-time.ts";
import { elementOf, entryOf, isDone, isSameElement, isStep } from "../checks/looking-back.ts";
import type { Reading } from "../checks/reading.ts";
import type { Check, Guarantee, Judgement, Violation } from "../guarantee.ts";

const FREEING = [
  { document: "ebpf-docs/bpf_timer_start", place: "Definition, on update and delete" },
  { document: "uapi/bpf_timer_start", place: "Description, on update and delete" },
] as const;
const CONCEPT = (place: string) => ({ document: "ebpf-docs/timers", place }) as const;

/** Whether a callback updates or deletes the very element it was called for, and which is still there. */
function isOnOwnElement(reading: Reading, event: HistoryEvent): boolean {
  if (event.kind !== "call") return false;
  const own = entryOf(reading, event);
  if (own === undefined || !own.ownElement || !isSameElement(own, event)) return false;
  return !reading
    .before(event)
    .some((each) => isDone(each, "delete") && each.execution === event.execution && isSameElement(each, event));
}

const isInHash = (event: HistoryEvent, { scenario: { maps } }: Reading): boolean =>
  maps[elementOf(event)?.map ?? -1]?.type !== "array";

/** A timer whose callback may first start it again, and then does `operation` to its own element. */
const meddlesWithItself = (operation: typeof deleteElement, types: readonly string[]) =>
  fc
    .record({ timer: oneTimer().filter(({ map }) => types.includes(map.type)), rearms: fc.boolean() })
    .map(({ timer, rearms }) => {
      const again = rearms ? [start(timer.delay, 0, "self")] : [];
      const meddles = callback([...again, operation(0, timer.key)]);
      const steps = [run(), advance(2 * timer.delay + GRID_NS)];
      return timerScenario(timer, [readyTimer(timer, [start(timer.delay)], [meddles])], steps);
    });

interface Payload {
  value: number;
  byCallback: boolean;
}

/** What an event leaves in the first u64 field of its element: a value, null for no element; undefined for no change. */
function payloadAfter(event: HistoryEvent): Payload | null | undefined {
  if (isStep(event, "update")) return { value: event.step.payload, byCallback: false };
  if (isStep(event, "delete") || isDone(event, "delete")) return null;
  if (event.kind !== "call") return undefined;
  const byCallback = event.callback !== null;
  if (isDone(event, "update")) return { value: 0, byCallback };
  return event.operation.kind === "write-payload" ? { value: event.operation.value, byCallback } : undefined;
}

/** What was read from an element's payload, and by whom. */
function payloadRead(event: HistoryEvent, { scenario }: Reading): Payload | undefined {
  if (event.kind === "call" && event.operation.kind === "read-payload")
    return { value: event.result, byCallback: event.callback !== null };
  const map = isStep(event, "lookup") ? scenario.maps[event.step.map] : undefined;
  if (event.kind !== "step" || map === undefined || event.outcome.value === undefined) return undefined;
  const value = payloadOf(map, event.outcome.value);
  return value === undefined ? undefined : { value, byCallback: false };
}

/** A callback reads what others wrote into its map, and others read what it wrote. */
const sharesValues: Check = (reading): Judgement => {
  const payloads = new Map<string, Payload | null>();
  const violations: Violation[] = [];
  let exercised = 0;
  for (const { event, stale } of reading.moments) {
    if (isStep(event, "create-map")) payloads.clear();
    const element = elementOf(event);
    if (element?.map == null || stale) continue;
    const name = `${element.map}/${element.key}`;
    const [read, written] = [payloadRead(event, reading), payloads.get(name)];
    if (read !== undefined && written != null && read.byCallback !== written.byCallback) {
      exercised++;
      const [reader, writer] = read.byCallback ? ["the callback", "others"] : ["others", "the callback"];
      const expected = `${reader} read ${written.value}, which ${writer} wrote`;
      if (read.value !== written.value)
        violations.push({ at: event.at, expected, observed: `${read.value} was read`, subject: "value" });
    }
    const after = payloadAfter(event);
    if (after !== undefined) payloads.set(name, after);
  }
  return { exercised, violations };
};

/** What the callbacks of one CPU did, in order. */
const callbackEvents = ({ events }: Reading, cpu: number): (CallEvent | FiringEvent)[] =>
  events.filter(
    (event): event is CallEvent | FiringEvent => event.kind !== "step" && event.callback !== null && event.cpu === cpu,
  );

/** On each CPU a callback that was entered does all it does before the next is entered. */
const runsToItsEnd: Check = (reading): Judgement => {
  const violations: Violation[] = [];
  let exercised = 0;
  const cpus = new Set(reading.events.flatMap((event) => (event.kind === "step" ? [] : [event.cpu])));
  for (const cpu of cpus) {
    let last: CallEvent | FiringEvent | undefined;
    for (const event of callbackEvents(reading, cpu)) {
      // Another firing right behind is what could have come in between.
      if (event.kind === "firing" && last?.kind === "call" && last.at === event.at) exercised++;
      const follows =
        event.kind === "firing" ||
        (last?.execution === event.execution && (last.kind === "firing" || last.index < event.index));
      const expected = `callback ${event.callback} goes on from its entry on CPU ${cpu} without another in between`;
      if (!follows) violations.push({ at: event.at, expected, observed: "another was entered", subject: "nested" });
      last = event;
    }
  }
  return { exercised, violations };
};

export default [
  {
    id: "callback.deletes-own-element",
    citations: [...FREEING, CONCEPT("paragraph on use cases")],
    since: "5.15",
    scenarios: meddlesWithItself(deleteElement, ["hash", "lru-hash"]),
    clauses: [
      {
        name: "returns",
        words: "A callback may delete the element it is called for: bpf_map_delete_elem returns 0.",
        check: callsReturn(
          "delete",
          0,
          ({ event }, reading) => isInHash(event, reading) && isOnOwnElement(reading, event),
        ),
        faults: ["delete-refused-in-callbacks"],
      },
      {
        name: "quiet",
        words: "The deleted element's timer does not fire again, even where the callback had started it again before.",
        check: quietOnceFreed(
          (event, reading) => isDone(event, "delete") && isOnOwnElement(reading, event),
          "own delete",
        ),
        faults: ["program-delete-keeps-timer"],
      },
    ],
  },
  {
    id: "callback.updates-own-element",
    citations: FREEING,
    since: "5.15",
    scenarios: meddlesWithItself(updateElement, ["array", "hash", "lru-hash"]),
    clauses: [
      {
        name: "returns",
        words: "A callback may update the element it is called for: bpf_map_update_elem returns 0.",
        check: callsReturn("update", 0, ({ event }, reading) => isOnOwnElement(reading, event)),
        faults: ["update-refused-in-callbacks"],
      },
      {
        name: "quiet",
        words:
          "The update frees the timer, which does not fire again, even where the callback had started it again before.",
        check: quietOnceFreed(
          (event, reading) => isDone(event, "update") && isOnOwnElement(reading, event),
          "own update",
        ),
        faults: ["program-update-keeps-timer"],
      },
    ],
  },
  {
    id: "callback.reads-and-writes-value",
    citations: [CONCEPT("paragraph on the callback's signature")],
    since: "5.15",
    scenarios: fc
      .record({
        timer: oneTimer().filter(({ map }) => map.value.fields.some(({ kind }) => kind === "u64")),
        before: fc.integer({ min: 1, max: 255 }),
        after: fc.integer({ min: 1, max: 255 }),
      })
      .map(({ timer, before, after }) => {
        const callbacks = [callback([readPayload("self"), writePayload(after, "self")])];
        const programs = [readyTimer(timer, [writePayload(before), start(timer.delay)], callbacks)];
        return timerScenario(timer, programs, [run(), advance(timer.delay + GRID_NS), userLookup(timer.key)]);
      }),
    clauses: [
      {
        name: "keeps",
        words:
          "The value that a callback receives is the element's: it reads what a program or user space wrote there, and what it writes is what user space reads.",
        check: sharesValues,
        faults: ["callback-gets-copy"],
      },
    ],
  },
  {
    id: "callback.not-nested",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_cb" }],
    since: "5.15",
    undocumented: true,
    scenarios: fc
      .record({ timer: oneTimer(), timers: fc.integer({ min: 2, max: 3 }), shared: fc.boolean() })
      .map(({ timer, timers, shared }) => {
        const keys = Array.from({ length: timers }, (_, key) => key);
        const callbackOf = (key: number): number => (shared ? 0 : key);
        const operations = keys.flatMap((key) => [
          lookup(0, key),
          init(0, timer.clock),
          setCallback(callbackOf(key)),
          start(timer.delay),
        ]);
        const again = start(timer.delay, 0, "self");
        const callbacks = keys.map(() => callback([lookup(0, 0), again, again]));
        const map = { ...timer.map, maxEntries: timers };
        return timerScenario(
          { ...timer, map },
          [program(operations, callbacks)],
          [run(), advance(timer.delay + GRID_NS / 2)],
        );
      }),
    clauses: [
      {
        name: "keeps",
        words:
          "A callback stays on the CPU that entered it and runs to its end before that CPU enters another, whatever other timers are due.",
        check: runsToItsEnd,
        faults: ["callbacks-nest"],
      },
    ],
  },
] satisfies Guarantee[];
