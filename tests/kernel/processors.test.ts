/** A second processor, on the default kernel: who is given one, and what then happens on it. */
import { afterAll, beforeAll, expect, it } from "vitest";
import type { Harness, Outcome } from "../../harness/harness.ts";
import { openKernel } from "../../harness/kernel/index.ts";
import {
  advance,
  callback,
  exitProcess,
  init,
  lookup,
  pinMap,
  program,
  scenario,
  setCallback,
  start,
  timerMap,
  userLookup,
} from "../../scenario/build.ts";
import { compile } from "../../scenario/compile.ts";
import { readHistory } from "../../scenario/history.ts";
import type { MapSpec, Scenario, Step } from "../../scenario/scenario.ts";

const MS = 1_000_000;
const CLOCK_MONOTONIC = 1;
const BPF_F_TIMER_CPU_PIN = 2;
const U64_BYTES = 8;

const starter = (flags: number) =>
  program([lookup(0, 0), init(0, CLOCK_MONOTONIC), setCallback(0), start(MS, flags)], [callback()]);
const runOn = (cpu?: number): Step => ({ kind: "run", program: 0, ...(cpu === undefined ? {} : { cpu }) });
const started = (flags: number, ...steps: Step[]): Scenario => scenario([timerMap(1)], [starter(flags)], steps);

/** Of each start and firing: the processor, and how late that was. */
function seen(of: Scenario, outcome: Outcome | undefined): { cpus: number[]; latenessesNs: number[] } {
  if (outcome?.kind !== "trace") throw new Error(`no trace but ${JSON.stringify(outcome)}`);
  const { events } = readHistory(of, compile(of), outcome.trace);
  const starts = events.flatMap((each) =>
    each.kind === "call" && each.operation.kind === "timer-start" ? [each] : [],
  );
  const firings = events.flatMap((each) => (each.kind === "firing" ? [each] : []));
  return {
    cpus: [...starts, ...firings].map(({ cpu }) => cpu),
    latenessesNs: firings.map(({ timeNs }, index) => timeNs - (starts[index]?.timeNs ?? 0) - MS),
  };
}

let kernel: Harness;
beforeAll(async () => {
  kernel = await openKernel("kernel", { progress: console.error });
});
afterAll(() => kernel?.close());

async function runAll(scenarios: readonly Scenario[]): Promise<Outcome[]> {
  return kernel.run(scenarios.map((each) => compile(each)));
}

it("is where a program runs that names it, and where the timers fire that it starts, pinned or not", async () => {
  expect(kernel.processors).toBe(2);
  const cases = [0, 1].flatMap((cpu) => [0, BPF_F_TIMER_CPU_PIN].map((flags) => ({ cpu, flags })));
  const scenarios = cases.map(({ cpu, flags }) => started(flags, runOn(cpu), advance(30 * MS)));
  const outcomes = await runAll(scenarios);
  for (const [index, of] of scenarios.entries()) {
    const cpu = cases[index]?.cpu;
    const { cpus, latenessesNs } = seen(of, outcomes[index]);
    expect(cpus).toEqual([cpu, cpu]);
    expect(Math.max(...latenessesNs)).toBeLessThan(kernel.clock.latenessNs);
  }
});

it("is not where one runs that names none, in the same case", async () => {
  const mixed = started(0, runOn(1), advance(30 * MS), runOn(), advance(30 * MS));
  const [outcome] = await runAll([mixed]);
  expect(seen(mixed, outcome).cpus.slice(0, 2)).toEqual([1, 0]);
});

it("outlives the process that ran on it", async () => {
  const survived = started(0, pinMap(), runOn(1), exitProcess(), advance(30 * MS));
  const [outcome] = await runAll([survived]);
  expect(seen(survived, outcome).cpus).toEqual([1, 1]);
});

it("has values of its own in a per-CPU map", async () => {
  const map: MapSpec = {
    type: "percpu-array",
    maxEntries: 1,
    flags: 0,
    btf: false,
    value: { size: U64_BYTES, fields: [{ kind: "u64", offset: 0 }] },
  };
  const onPair = scenario([map], [program([])], [runOn(1), userLookup(0)]);
  const alone = scenario([map], [program([])], [runOn(), userLookup(0)]);
  const sizes = (await runAll([onPair, alone])).map((outcome) =>
    outcome.kind === "trace" ? (outcome.trace.steps.at(-1)?.value?.length ?? 0) / 2 : 0,
  );
  expect(sizes).toEqual([2 * U64_BYTES, U64_BYTES]);
});

it("is one of two: a third is refused", async () => {
  const [outcome] = await runAll([started(0, runOn(2))]);
  expect(outcome).toMatchObject({ kind: "trace" });
  if (outcome?.kind === "trace") expect(outcome.trace.steps.at(-1)?.result).toBe(-22);
});

it("is the same one in every repeat", async () => {
  const mixed = started(0, runOn(1), advance(30 * MS), runOn(), advance(30 * MS));
  const outcomes = await runAll(Array<Scenario>(20).fill(mixed));
  expect(new Set(outcomes.map((outcome) => seen(mixed, outcome).cpus.join(" ")))).toHaveProperty("size", 1);
});
