import { describe, expect, test } from "vitest";
import { SIMPLE_MAP } from "../../../../../generators/map.ts";
import {
  advance,
  callback,
  cancel,
  init,
  lookup,
  program,
  run,
  scenario,
  setCallback,
  start,
} from "../../../../../scenario/build.ts";
import { historyOf } from "./history-text.ts";

const PERIODIC = `
create m0 array[1] {timer}
load p0
run p0
  lookup m0[0]            = found
  init m0[0] MONOTONIC    = 0
  set_callback m0[0] cb0  = 0
  start m0[0] 20ms        = 0
advance 30ms
  p0.cb0(m0[0])           @ 20.01ms on cpu1
    start self 20ms       = 0
    cancel self           = -EDEADLK
`;

describe("a history written as text", () => {
  test("gives the scenario that its runs show", () => {
    const expected = scenario(
      [SIMPLE_MAP],
      [
        program(
          [lookup(0, 0), init(0, 1), setCallback(0), start(20_000_000)],
          [callback([start(20_000_000, 0, "self"), cancel("self")])],
        ),
      ],
      [run(), advance(30_000_000)],
    );
    expect(historyOf(PERIODIC).scenario).toEqual(expected);
  });

  test("gives a trace in which what is not said is usual: results of 0, CPU 0, 1 µs for each line", () => {
    const { trace, events } = historyOf(PERIODIC);
    expect(trace.steps.map(({ result, timeNs }) => [result, timeNs])).toEqual([
      [0, 1_000],
      [0, 2_000],
      [0, 7_000],
      [0, 30_008_000],
    ]);
    expect(trace.steps[2]?.records.map(({ timeNs, cpu }) => [timeNs, cpu])).toEqual(
      [3, 4, 5, 6].map((us) => [1_000 * us, 0]),
    );
    expect(events.slice(-3)).toMatchObject([
      { kind: "firing", callback: 0, element: { map: 0, key: 0 }, ownElement: true, timeNs: 20_010_000, cpu: 1 },
      { kind: "call", callback: 0, element: { map: 0, key: 0 }, result: 0, timeNs: 20_011_000, cpu: 1 },
      { kind: "call", result: -35 },
    ]);
  });

  test("spells programs out that do not run, with odd pointers, maps and return values", () => {
    const { scenario: read } = historyOf(`
create m0 hash[4] {spin-lock timer u64} without btf flags BPF_F_NO_PREALLOC
create m1 array-of-maps[2] of m0
load p0 xdp = -EINVAL "R1 type=scalar"
  lookup m1[0]->[3]
  lookup m0[1]
  init m1[0]->[3] 0x11
  init m1[0]->[3] with m0 BOOTTIME
  cancel m0[1]+8
  cancel_async m0[1]+unknown
  spin_lock m0[1]
  store timer m0[1]
  spin_unlock m0[1]
  set_callback m0[1] cb1
  cb1 returns 1
    read self
`);
    expect(read.maps).toEqual([
      {
        type: "hash",
        maxEntries: 4,
        flags: 1,
        btf: false,
        value: {
          size: 32,
          fields: [
            { kind: "spin-lock", offset: 0 },
            { kind: "timer", offset: 8 },
            { kind: "u64", offset: 24 },
          ],
        },
      },
      { type: "array-of-maps", maxEntries: 2, flags: 0, btf: false, value: { size: 4, fields: [] }, innerMap: 0 },
    ]);
    expect(read.programs).toEqual([
      {
        type: "xdp",
        operations: [
          { kind: "lookup-inner", map: 1, key: 0, innerKey: 3, slot: 0 },
          lookup(0, 1, 1),
          { kind: "timer-init", element: 0, map: 1, innerMapOf: 0, flags: 0x11 },
          init(0, 7),
          { kind: "timer-cancel", element: 1, offsetDelta: 8 },
          { kind: "timer-cancel-async", element: 1, variableOffset: true },
          { kind: "spin-lock", element: 1 },
          { kind: "access-timer", element: 1, access: "store" },
          { kind: "spin-unlock", element: 1 },
          setCallback(1, 1),
        ],
        callbacks: [callback(), { operations: [{ kind: "read-payload", element: "self" }], returns: 1 }],
      },
    ]);
  });

  test("knows wrapped fields, interrupts off and callbacks that branch", () => {
    const { scenario: read } = historyOf(`
create m0 array[1] {timer[1] struct(spin-lock) work-queue}
load p0 = -EINVAL
  lookup m0[0]
  set_callback m0[0] cb0
  cb0 returns 0 or 1
run p0
  lookup m0[0]            = found
  set_callback m0[0] cb0  = 0
  irq_save
  cancel_async m0[0]      = -ECANCELED
  irq_restore
`);
    expect(read.maps[0]?.value.fields).toEqual([
      { kind: "timer", offset: 0, inside: "array" },
      { kind: "spin-lock", offset: 16, inside: "struct" },
      { kind: "work-queue", offset: 24 },
    ]);
    expect(read.programs[0]?.callbacks).toEqual([{ operations: [], returns: 0, mayReturn: 1 }]);
    expect(read.programs[0]?.operations.map(({ kind }) => kind)).toEqual([
      "lookup",
      "timer-set-callback",
      "irq-save",
      "timer-cancel-async",
      "irq-restore",
    ]);
  });

  test("says what user space wrote and read, and what the kernel said", () => {
    const { scenario: read, trace } = historyOf(`
create m0 array[1] {u64 timer}
update m0[0] payload 7 fill 255 flags BPF_F_LOCK = -EINVAL
lookup m0[0] = payload 7
lookup m0[0] = zeros
lookup m0[0] = bytes 0102
lookup m0[0] = -ENOENT
complaint "WARNING: at kernel/bpf"
dropped 3 records
`);
    expect(read.steps[1]).toEqual({ kind: "update", map: 0, key: 0, payload: 7, fill: 255, flags: 4 });
    expect(trace.steps.map(({ result, value }) => value ?? result)).toEqual([
      0,
      -22,
      `07${"00".repeat(23)}`,
      "00".repeat(24),
      "0102",
      -2,
    ]);
    expect(trace).toMatchObject({ complaints: ["WARNING: at kernel/bpf"], droppedRecords: 3 });
  });

  test("knows firings of unknown maps and other values, and one callback entered within another", () => {
    const { events } = historyOf(`
create m0 array[2] {timer}
load p0
  lookup m0[0]
  set_callback m0[0] cb0
advance 1ms
  p0.cb0(?[1])
    lookup m0[1] = missing
    p0.cb0(m0[1], another value)
`);
    expect(events.filter(({ kind }) => kind === "firing")).toMatchObject([
      { element: { map: null, key: 1 }, ownElement: true },
      { element: { map: 0, key: 1 }, ownElement: false },
    ]);
  });

  test.each([
    ["jump", "that is no step"],
    ["run p0\n  hop", "that is no operation"],
    ["create m0 array[1] {timer}\nrun p0\n  cancel m0[0] = 0", "m0[0] was not looked up before"],
    ["create m0 array[1] {timer}\nrun p0\n  lookup m0[0]", "needs a result"],
    [
      "create m0 array[1] {timer}\nrun p0\n  delete m0[0] = 0\nrun p0\n  delete m0[1] = 0",
      "operation 0 of p0 was another before",
    ],
    ["advance soon", "soon is no length of time"],
    ["create m0 heap[1] {timer}", "heap is no type of map"],
    ["create m1 array[1] {timer}", "m0 is created nowhere"],
    ["advance 1ms\n  lookup m0[0] = found", "only callbacks can run here"],
    ["create m0 array[1] {timer}\nload p0\n  lookup m0[0] = found", "it has no result"],
  ])("that cannot be understood is refused: %j", (text, reason) => {
    expect(() => historyOf(text)).toThrow(reason);
  });
});
