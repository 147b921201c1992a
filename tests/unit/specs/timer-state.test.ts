import { describe, expect, test } from "vitest";
import { SIMPLE_MAP } from "../../../generators/map.ts";
import {
  callback,
  closeMap,
  init,
  lookup,
  program,
  run,
  scenario,
  setCallback,
  start,
  userDelete,
  userUpdate,
} from "../../../scenario/build.ts";
import { compile } from "../../../scenario/compile.ts";
import { type History, readHistory } from "../../../scenario/history.ts";
import type { Scenario } from "../../../scenario/scenario.ts";
import { type LogRecord, TRACE_FORMAT, TRACE_VERSION, type Trace } from "../../../scenario/trace.ts";
import { Reading } from "../../../specs/checks/reading.ts";
import { TimerWorld } from "../../../specs/checks/timer-state.ts";

/** A trace in which every step succeeds and step `at` brought these (site, value) records. */
function traceOf({ steps }: Scenario, at: number, records: readonly [number, number][]): Trace {
  const logged = records.map(
    ([site, value], index): LogRecord => ({ site, value, cpu: 0, timeNs: 1000 + index, aux: 0x100 }),
  );
  return {
    format: TRACE_FORMAT,
    version: TRACE_VERSION,
    droppedRecords: 0,
    complaints: [],
    steps: steps.map((_, index) => ({ result: 0, timeNs: 1000 * index, records: index === at ? logged : [] })),
  };
}

const armed = scenario(
  [SIMPLE_MAP],
  [program([lookup(0, 0), init(0, 7), setCallback(0), start(5)], [callback()])],
  [run(), closeMap()],
);
const RUN = 2;

const historyOf = (scenario: Scenario, records: readonly [number, number][]) =>
  readHistory(scenario, compile(scenario), traceOf(scenario, RUN, records));

const momentsOf = (history: History) => new Reading(history).moments;
const armingsOf = (history: History) => new Reading(history).armings;

const read = (scenario: Scenario, records: readonly [number, number][]) =>
  new Reading(historyOf(scenario, records)).moments;

describe("the abstract timer state", () => {
  test("follows init, set_callback, start and the firing", () => {
    const found = read(armed, [
      [0, 1],
      [1, 0],
      [2, 0],
      [3, 0],
      [4, 0],
    ]);
    const states = found.filter(({ event }) => event.kind !== "step");
    expect(states.map(({ event }) => event.kind)).toEqual(["call", "call", "call", "call", "firing"]);
    expect(states.at(-1)?.timer).toBeDefined();
    const close = found.at(-1);
    expect(close?.event).toMatchObject({ kind: "step", step: { kind: "close-map" } });
    expect(close?.references).toEqual([{ descriptor: true, pinned: false, settledNs: 0, letGoAt: -1 }]);
  });

  test("believes what the runtime answered: an init that failed initializes nothing", () => {
    const found = read(armed, [
      [0, 1],
      [1, -22],
      [2, -22],
    ]);
    const set = found.find(({ event }) => event.kind === "call" && event.index === 2);
    expect(set?.timer?.initialized).toBe(false);
  });

  test("remembers what freed an initialized timer, past the insertion of the element", () => {
    const deleted = scenario(
      [{ ...SIMPLE_MAP, type: "hash" }],
      [program([lookup(0, 0), init(0, 1)])],
      [run(), userDelete(0), userUpdate(0)],
    );
    const records: [number, number][] = [
      [0, 1],
      [1, 0],
    ];
    const world = new TimerWorld(deleted);
    const states = readHistory(deleted, compile(deleted), traceOf(deleted, 3, records)).events.map((event) => {
      world.apply(event);
      const { initialized, init, freedBy } = world.timer({ map: 0, key: 0 });
      return { initialized, by: init?.program, freedBy: freedBy?.kind === "step" ? freedBy.step.kind : null };
    });
    const fresh = { initialized: false, by: undefined };
    expect(states.at(-3)).toEqual({ initialized: true, by: 0, freedBy: null });
    expect(states.slice(-2)).toEqual([
      { ...fresh, freedBy: "delete" },
      { ...fresh, freedBy: "delete" },
    ]);
  });

  test("calls a pointer stale once its element was replaced", () => {
    const replaced = scenario(
      [{ ...SIMPLE_MAP, type: "hash" }],
      [program([lookup(0, 0), { kind: "delete", map: 0, key: 0 }, init(0, 1)])],
      [run()],
    );
    const found = [
      ...momentsOf(
        readHistory(
          replaced,
          compile(replaced),
          traceOf(replaced, 3, [
            [0, 1],
            [1, 0],
            [2, 0],
          ]),
        ),
      ),
    ];
    expect(found.filter(({ stale }) => stale).map(({ event }) => event.kind)).toEqual(["call"]);
  });

  test("tells what a call finds after the last reference has gone, on a clock that stands still", () => {
    const closed = scenario([SIMPLE_MAP], [program([lookup(0, 0), init(0, 1)])], [closeMap(), run()]);
    const trace = traceOf(closed, RUN + 1, [
      [0, 1],
      [1, -1],
    ]);
    const timeNs = 5000;
    const steps = trace.steps.map((step) => ({
      ...step,
      timeNs,
      records: step.records.map((record) => ({ ...record, timeNs })),
    }));
    const found = [...momentsOf(readHistory(closed, compile(closed), { ...trace, steps }))];
    expect(found.filter(({ event }) => event.kind === "call")).toHaveLength(2);
    expect(found.filter(({ stale }) => stale)).toEqual([]);
  });

  test("gives a start the firing that was logged before it, where the timer fired under the program", () => {
    const found = read(armed, [
      [0, 1],
      [1, 0],
      [2, 0],
      [4, 0],
      [3, 0],
    ]);
    const firing = found.find(({ event }) => event.kind === "firing")?.event;
    const start = found.find(({ event }) => event.kind === "call" && event.index === 3);
    expect(firing).toBeDefined();
    expect(start?.firedBefore).toBe(firing);
    expect(start?.timer?.arming).toBeNull();
    const { records, unaccounted } = armingsOf(
      historyOf(armed, [
        [0, 1],
        [1, 0],
        [2, 0],
        [4, 0],
        [3, 0],
      ]),
    );
    expect(records).toMatchObject([{ end: "firing", endEvent: firing }]);
    expect(unaccounted).toEqual([]);
  });

  test("gives a start no firing from before its program was last heard of", () => {
    const { records, unaccounted } = armingsOf(
      historyOf(armed, [
        [0, 1],
        [1, 0],
        [4, 0],
        [2, 0],
        [3, 0],
      ]),
    );
    expect(records).toMatchObject([{ end: "freed" }]);
    expect(unaccounted).toHaveLength(1);
  });
});
