/** The kernel harness itself, on the default kernel: what it promises whatever a scenario does. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Harness, Outcome } from "../../harness/harness.ts";
import { openKernel } from "../../harness/kernel/index.ts";
import { compile } from "../../scenario/compile.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import type { MapSpec, ProgramSpec, Scenario, Step } from "../../scenario/scenario.ts";
import type { Trace } from "../../scenario/trace.ts";
import { guests } from "./belongings.ts";

const CASE_LIMIT_MS = 10_000;
const MS = 1_000_000;
const EBADF = -9;
const ENOENT = -2;

const TIMER_MAP: MapSpec = {
  type: "array",
  maxEntries: 1,
  flags: 0,
  btf: true,
  value: {
    size: 24,
    fields: [
      { kind: "u64", offset: 0 },
      { kind: "timer", offset: 8 },
    ],
  },
};

/** Starts the timer of element 0, to fire after 1 ms. */
const STARTER: ProgramSpec = {
  type: "sched-cls",
  operations: [
    { kind: "lookup", map: 0, key: 0, slot: 0 },
    { kind: "timer-init", element: 0, map: 0, flags: 1 },
    { kind: "timer-set-callback", element: 0, callback: 0 },
    { kind: "timer-start", element: 0, ns: MS, flags: 0 },
  ],
  callbacks: [{ operations: [], returns: 0 }],
};

const SETUP: Step[] = [
  { kind: "create-map", map: 0 },
  { kind: "load-program", program: 0 },
  { kind: "run", program: 0 },
];

const scenario = (...steps: Step[]): Scenario => ({ maps: [TIMER_MAP], programs: [STARTER], steps });
const IDLE = compile(scenario());
/** Sleeps for a hundred days: even where idle time costs nothing, the guest's own ticking in it does. */
const HANGING = compile(scenario({ kind: "advance", ns: 100 * 86_400_000 * MS }));

function dataMap(size: number, maxEntries: number): MapSpec {
  return { type: "array", maxEntries, flags: 0, btf: false, value: { size, fields: [{ kind: "u64", offset: 0 }] } };
}

/** Fills the guest's memory with maps, then reads large values until the kernel has nothing left to run init with. */
function exhausting(): CompiledScenario {
  const mebibyte = 1 << 20;
  const maps = [
    ...Array(6).fill(dataMap(mebibyte, 30)),
    ...Array(16).fill(dataMap(mebibyte, 4)),
    ...Array(12).fill(dataMap(mebibyte, 1)),
    ...Array(20).fill(dataMap(mebibyte / 16, 1)),
  ];
  const steps: Step[] = [
    ...maps.map((_, map): Step => ({ kind: "create-map", map })),
    ...Array<Step>(6).fill({ kind: "lookup", map: 0, key: 0 }),
  ];
  return compile({ maps, programs: [], steps });
}

function traceOf(outcome: Outcome | undefined): Trace {
  if (outcome?.kind !== "trace") throw new Error(`no trace but ${JSON.stringify(outcome)}`);
  return outcome.trace;
}

const results = (trace: Trace) => trace.steps.map((step) => step.result);

describe("a kernel in QEMU", () => {
  let kernel: Harness;
  const run = async (...scenarios: CompiledScenario[]) => kernel.run(scenarios);

  beforeAll(async () => {
    kernel = await openKernel("kernel", { progress: console.error, caseLimitMs: CASE_LIMIT_MS });
  });
  afterAll(() => kernel?.close());

  it("says what it is", () => {
    expect(kernel.version).toMatch(/^\d+\.\d+/);
    expect(`${kernel.version}.`.startsWith(`${kernel.linux?.major}.${kernel.linux?.minor}.`)).toBe(true);
  });

  it("runs a timer, whose callback is late by less than the bound and never early", async () => {
    const steps: Step[] = [...SETUP, { kind: "advance", ns: 5 * MS }, { kind: "lookup", map: 0, key: 0 }];
    const trace = traceOf((await run(compile(scenario(...steps))))[0]);
    expect(results(trace)).toEqual([0, 0, 0, 0, 0]);
    expect(trace.steps[2]?.returnValue).toBe(0);
    expect(trace.steps[2]?.records.map(({ site, value }) => [site, value])).toEqual([
      [0, 1],
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
    const started = trace.steps[2]?.records[3]?.timeNs ?? 0;
    const [fired] = trace.steps[3]?.records ?? [];
    expect(fired?.timeNs).toBeGreaterThanOrEqual((trace.steps[2]?.records[2]?.timeNs ?? 0) + MS);
    expect(fired?.timeNs).toBeLessThan(started + MS + kernel.clock.latenessNs);
    expect(trace.steps[4]?.value).toBe("00".repeat(24));
    expect(trace).toMatchObject({ droppedRecords: 0, complaints: [] });
  });

  it("gives -EBADF for a descriptor that the process does not hold", async () => {
    const steps: Step[] = [
      { kind: "load-program", program: 0 },
      { kind: "run", program: 0 },
      { kind: "lookup", map: 0, key: 0 },
      { kind: "close-map", map: 0 },
      { kind: "pin-map", map: 0 },
      { kind: "open-pin", map: 0 },
      { kind: "find-program", program: 0 },
    ];
    expect(results(traceOf((await run(compile(scenario(...steps))))[0]))).toEqual([
      ...Array(5).fill(EBADF),
      ENOENT,
      ENOENT,
    ]);
  });

  it("ends the process for exit-process: pins stay, descriptors and what only they held do not", async () => {
    const steps: Step[] = [
      ...SETUP,
      { kind: "pin-map", map: 0 },
      { kind: "exit-process" },
      { kind: "lookup", map: 0, key: 0 },
      { kind: "open-pin", map: 0 },
      { kind: "lookup", map: 0, key: 0 },
      { kind: "advance", ns: 2 * MS },
      { kind: "unpin-map", map: 0 },
      { kind: "exit-process" },
      { kind: "open-pin", map: 0 },
      { kind: "find-program", program: 0 },
    ];
    const trace = traceOf((await run(compile(scenario(...steps))))[0]);
    expect(results(trace)).toEqual([0, 0, 0, 0, 0, EBADF, 0, 0, 0, 0, 0, ENOENT, ENOENT]);
    /* The pin kept the map, and with it the timer that the first process had started. */
    expect(trace.steps.flatMap((step) => step.records).length).toBeGreaterThan(4);
    expect(trace.complaints).toEqual([]);
  });

  it("leaves nothing pinned behind for the next case", async () => {
    const pinning = compile(scenario({ kind: "create-map", map: 0 }, { kind: "pin-map", map: 0 }));
    const opening = compile(scenario({ kind: "open-pin", map: 0 }));
    const [first, second] = await run(pinning, opening);
    expect(results(traceOf(first))).toEqual([0, 0]);
    expect(traceOf(first).complaints).toEqual([]);
    expect(results(traceOf(second))).toEqual([ENOENT]);
  });

  it("keeps the end of the verifier's log of a refused program", async () => {
    const reading: ProgramSpec = {
      ...STARTER,
      operations: [
        { kind: "lookup", map: 0, key: 0, slot: 0 },
        { kind: "access-timer", element: 0, access: "load" },
      ],
    };
    const refused = compile({ maps: [TIMER_MAP], programs: [reading], steps: SETUP.slice(0, 2) });
    const trace = traceOf((await run(refused))[0]);
    expect(results(trace)).toEqual([0, -13]);
    expect(trace.steps[1]?.message).toMatch(/bpf_timer cannot be accessed directly/);
  });

  it("answers a malformed scenario with an error that says where", async () => {
    const steps = [{ kind: "nonsense" }] as unknown as CompiledScenario["steps"];
    const [bad, good] = await run({ ...IDLE, steps }, IDLE);
    expect(bad).toEqual({ kind: "error", reason: "malformed scenario: steps[0]: unknown step kind nonsense" });
    expect(traceOf(good).steps).toEqual([]);
  });

  it("gives as many outcomes as scenarios, over several batches, each case from a clean state", async () => {
    const outcomes = await kernel.run(Array(150).fill(compile(scenario(...SETUP))));
    expect(outcomes).toHaveLength(150);
    for (const outcome of outcomes) {
      expect(results(traceOf(outcome))).toEqual([0, 0, 0]);
      expect(traceOf(outcome).complaints).toEqual([]);
    }
  });

  it("cuts off a guest that hangs, and goes on with the next case", async () => {
    const [before, hung, after] = await run(IDLE, HANGING, IDLE);
    expect(hung).toMatchObject({ kind: "died", reason: `no answer within ${CASE_LIMIT_MS / 1000} s` });
    expect(traceOf(before).steps).toEqual([]);
    expect(traceOf(after).steps).toEqual([]);
  });

  it("reports a guest that panics with its console, as the case that did it", async () => {
    const [before, panicked, after] = await run(IDLE, exhausting(), IDLE);
    expect(panicked).toMatchObject({
      kind: "died",
      reason: expect.stringContaining("Kernel panic"),
      console: expect.stringContaining("deadlocked on memory"),
    });
    expect(traceOf(before).steps).toEqual([]);
    expect(traceOf(after).steps).toEqual([]);
  });

  it("loses nothing when QEMU is killed from outside", async () => {
    const running = kernel.run(Array(1500).fill(compile(scenario(...SETUP))));
    setTimeout(() => {
      for (const pid of guests()) process.kill(pid, "SIGKILL");
    }, 100);
    for (const outcome of await running) expect(results(traceOf(outcome))).toEqual([0, 0, 0]);
  });

  it("leaves no process behind when it is closed", async () => {
    await kernel.close();
    expect(guests()).toEqual([]);
  });
});

describe("a kernel in QEMU, aborted", () => {
  it("rejects the run with the signal's reason and leaves no process behind", async () => {
    const abort = new AbortController();
    const kernel = await openKernel("kernel", { progress: console.error, signal: abort.signal });
    const running = kernel.run([IDLE, HANGING]);
    setTimeout(() => abort.abort(new Error("interrupted")), 200);
    await expect(running).rejects.toThrow("interrupted");
    await kernel.close();
    expect(guests()).toEqual([]);
  });
});
