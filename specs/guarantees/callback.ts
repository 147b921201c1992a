/** What a callback may do to the element it is called for, and what it shares with the rest of the system. */
import fc from "fast-check";
import { ERRNO, formatResult } from "../../bpf/errno.ts";
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
import type { Step } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { payloadOf } from "../../scenario/value-layout.ts";
import { callsReturn } from "../checks/calls.ts";
import { quietOnceFreed } from "../checks/firing-time.ts";
import { elementOf, isDone, isSameElement, isStep } from "../checks/looking-back.ts";
import type { Reading } from "../checks/reading.ts";
import { type Check, type Guarantee, type Judgement, UNTOUCHED, type Violation } from "../guarantee.ts";

const FREEING = [
  { document: "ebpf-docs/bpf_timer_start", place: "Definition, on update and delete" },
  { document: "uapi/bpf_timer_start", place: "Description, on update and delete" },
] as const;
const CONCEPT = (place: string) => ({ document: "ebpf-docs/timers", place }) as const;

const isInHash = ({ event }: { event: HistoryEvent }, { scenario: { maps } }: Reading): boolean =>
  maps[elementOf(event)?.map ?? -1]?.type !== "array";

/** Whether an event is a callback's update or delete of the element that it was called for. */
const isOwnChange =
  (kind: "update" | "delete") =>
  (event: HistoryEvent, reading: Reading): boolean =>
    isDone(event, kind) && reading.calls(kind).some((call) => call.event === event && call.own !== undefined);

/** A timer whose callback may first start it again, and then does `operation` to its own element; user space looks for it. */
const meddlesWithItself = (operation: typeof deleteElement, types: readonly string[]) =>
  fc
    .record({ timer: oneTimer().filter(({ map }) => types.includes(map.type)), rearms: fc.boolean() })
    .map(({ timer, rearms }) => {
      const again = rearms ? [start(timer.delay, 0, "self")] : [];
      const meddles = callback([...again, operation(0, timer.key)]);
      const steps = [run(), advance(2 * timer.delay + GRID_NS), userLookup(timer.key)];
      return timerScenario(timer, [readyTimer(timer, [start(timer.delay)], [meddles])], steps);
    });

const HALF_REARM = {
  share: 0.3,
  because: "In half of the cases the callback starts its timer again before, and only there could it fire again.",
};

/** An element that its own callback has deleted is gone for user space, until something inserts it again. */
const goneOnceDeleted: Check = (reading): Judgement => {
  const deletes = reading.calls("delete");
  if (deletes.length === 0) return UNTOUCHED;
  const violations: Violation[] = [];
  let exercised = 0;
  for (const { event } of reading.steps("lookup")) {
    const last = reading.before(event).findLast((each) => isSameElement(each, event) && changesPresence(each));
    if (last === undefined || !deletes.some((call) => call.event === last && call.own !== undefined)) continue;
    if (event.outcome.result === -ERRNO.EBADF) continue;
    exercised++;
    const observed = `it gave ${formatResult(event.outcome.result)}`;
    const expected = `a lookup of the element that step ${last.at} deleted gives -ENOENT`;
    if (event.outcome.result !== -ERRNO.ENOENT)
      violations.push({ at: event.at, expected, observed, subject: "there", event });
  }
  return { exercised, violations };
};

/** Whether an event may insert an element, or take it away. */
const changesPresence = (event: HistoryEvent): boolean =>
  event.kind === "step"
    ? event.step.kind === "update" || event.step.kind === "delete"
    : event.kind === "call" && (event.operation.kind === "update" || isDone(event, "delete"));

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

/** Whether anything of a history reads an element's payload. */
const readsPayloads = (reading: Reading): boolean =>
  reading.calls("read-payload").length > 0 ||
  (reading.steps("lookup").length > 0 &&
    (reading.calls("write-payload").length > 0 || reading.calls("update").length > 0));

/** Whoever reads a payload that the other side wrote, callbacks or all others, reads what was written. */
const sharesValues =
  (reader: "callback" | "others"): Check =>
  (reading): Judgement => {
    if (reading.firings.length === 0 || !readsPayloads(reading)) return UNTOUCHED;
    const payloads = new Map<string, Payload | null>();
    const violations: Violation[] = [];
    let exercised = 0;
    for (const { event, stale } of reading.moments) {
      if (isStep(event, "create-map")) payloads.clear();
      const element = elementOf(event);
      if (element?.map == null) continue;
      const name = `${element.map}/${element.key}`;
      if (stale) {
        // A stale pointer may point to any element of its map.
        if (event.kind === "call" && event.operation.kind === "write-payload") payloads.clear();
        continue;
      }
      const [read, written] = [payloadRead(event, reading), payloads.get(name)];
      if (read !== undefined && written != null && read.byCallback !== written.byCallback) {
        if (read.byCallback === (reader === "callback")) {
          exercised++;
          const expected = `${READERS[reader]} ${written.value}`;
          if (read.value !== written.value)
            violations.push({ at: event.at, expected, observed: `${read.value} was read`, subject: "value", event });
        }
      }
      const after = payloadAfter(event);
      if (after !== undefined) payloads.set(name, after);
    }
    return { exercised, violations };
  };

const READERS = {
  callback: "the callback reads what others wrote:",
  others: "others read what the callback wrote:",
} as const;

/** Whether an event belongs to a callback that was entered. */
function isOfCallback(event: HistoryEvent, entered: ReadonlySet<number>): event is CallEvent | FiringEvent {
  return event.kind === "firing" || (event.kind === "call" && event.callback !== null && entered.has(event.execution));
}

const executionsEntered = ({ firings }: Reading): ReadonlySet<number> =>
  new Set(firings.map(({ event }) => event.execution));

/** On each CPU a callback that was entered does all it does before the next is entered. */
const runsToItsEnd: Check = (reading): Judgement => {
  if (reading.firings.length < 2) return UNTOUCHED;
  const entered = executionsEntered(reading);
  const last = new Map<number, CallEvent | FiringEvent>();
  const violations: Violation[] = [];
  let exercised = 0;
  for (const event of reading.events) {
    if (!isOfCallback(event, entered)) continue;
    const { cpu } = event;
    const before = last.get(cpu);
    // Another firing right behind is what could have come in between.
    if (event.kind === "firing" && before?.kind === "call" && before.at === event.at) exercised++;
    const follows =
      event.kind === "firing" ||
      (before?.execution === event.execution && (before.kind === "firing" || before.index < event.index));
    const expected = `callback ${event.callback} goes on from its entry on CPU ${cpu} without another in between`;
    if (!follows)
      violations.push({ at: event.at, expected, observed: "another was entered", subject: "nested", event });
    last.set(cpu, event);
  }
  return { exercised, violations };
};

/** All that a callback does, it does on a CPU that has entered it. */
const staysOnItsCpu: Check = (reading): Judgement => {
  if (reading.firings.length === 0) return UNTOUCHED;
  const entered = executionsEntered(reading);
  const calls = reading.events.filter((event): event is CallEvent => event.kind === "call" && event.callback !== null);
  const violations = calls
    .filter(({ execution }) => !entered.has(execution))
    .map((event) => ({
      at: event.at,
      expected: `CPU ${event.cpu} had entered callback ${event.callback} of program ${event.program}`,
      observed: `operation ${event.index} of the callback ran there, and no entry`,
      subject: "cpu",
      event,
    }));
  return { exercised: calls.length, violations };
};

/** Timers whose callbacks do several things each, and are due together. */
const dueTogether = (steps: (delay: number) => Step[]) =>
  fc
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
      return timerScenario({ ...timer, map }, [program(operations, callbacks)], steps(timer.delay));
    });

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
        check: callsReturn("delete", 0, (call, reading) => call.own !== undefined && isInHash(call, reading)),
        faults: ["delete-refused-in-callbacks"],
      },
      {
        name: "gone",
        words: "The element is gone: user space looks for it in vain.",
        check: goneOnceDeleted,
        faults: ["own-delete-keeps-element"],
      },
      {
        name: "quiet",
        words: "Its timer does not fire again, even where the callback had started it again before.",
        check: quietOnceFreed(isOwnChange("delete"), "own delete"),
        faults: ["program-delete-keeps-timer"],
        reach: HALF_REARM,
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
        check: callsReturn("update", 0, ({ own, operation }) => own !== undefined && operation.flags === 0),
        faults: ["update-refused-in-callbacks"],
      },
      {
        name: "quiet",
        words:
          "The update frees the timer: it does not fire again, even where the callback had started it again before.",
        check: quietOnceFreed(isOwnChange("update"), "own update"),
        faults: ["program-update-keeps-timer"],
        reach: HALF_REARM,
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
        name: "reads",
        words:
          "The value that a callback receives is the element's: the callback reads what a program or user space wrote there,",
        check: sharesValues("callback"),
        faults: ["callback-reads-zeros"],
      },
      {
        name: "writes",
        words: "and what the callback writes is what they read.",
        check: sharesValues("others"),
        faults: ["callback-gets-copy"],
      },
    ],
  },
  {
    id: "callback.not-nested",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_cb" }],
    since: "5.15",
    undocumented: true,
    scenarios: dueTogether((delay) => [run(), advance(delay + GRID_NS / 2)]),
    clauses: [
      {
        name: "to-its-end",
        words: "A callback runs to its end before its CPU enters another, whatever other timers are due.",
        check: runsToItsEnd,
        faults: ["callbacks-nest"],
      },
    ],
  },
  {
    id: "callback.stays-on-cpu",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_cb" }],
    since: "5.15",
    undocumented: true,
    processors: 2,
    scenarios: fc
      .nat({ max: 1 })
      .chain((cpu) => dueTogether((delay) => [{ kind: "run", program: 0, cpu }, advance(delay + GRID_NS / 2)])),
    clauses: [
      {
        name: "cpu",
        words: "Whatever a callback does, it does on the CPU that entered it.",
        check: staysOnItsCpu,
        faults: ["callback-changes-cpu"],
      },
    ],
  },
] satisfies Guarantee[];
