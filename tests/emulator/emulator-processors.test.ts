import { describe, expect, test } from "vitest";
import { ERRNO } from "../../bpf/errno.ts";
import { openEmulator } from "../../harness/emulator/index.ts";
import {
  advance,
  callback,
  init,
  lookup,
  program,
  run,
  scenario,
  setCallback,
  start,
  userLookup,
  userUpdate,
} from "../../scenario/build.ts";
import { compile } from "../../scenario/compile.ts";
import type { Step } from "../../scenario/scenario.ts";
import { execute, timerMap } from "./emulator-scenarios.ts";

const MONOTONIC = 1;
const runOn = (cpu: number): Step => ({ ...run(), cpu }) as Step;
const arming = program([lookup(0, 1), init(0, MONOTONIC), setCallback(0), start(10)], [callback()]);

const cpusOf = (trace: Awaited<ReturnType<typeof execute>>, from: number): number[] =>
  trace.steps.slice(from).flatMap(({ records }) => records.map(({ cpu }) => cpu));

describe("the processors of the emulator", () => {
  test("are two for the cases that may name them", () => {
    expect(openEmulator("emulator").processors).toBe(2);
  });

  test.each([0, 1])("a program that is run on %i arms timers that fire there", async (cpu) => {
    const trace = await execute(compile(scenario([timerMap()], [arming], [runOn(cpu), advance(1000)])));
    const cpus = cpusOf(trace, 3);
    expect(cpus.length).toBeGreaterThan(4);
    expect(new Set(cpus)).toEqual(new Set([cpu]));
  });

  test("a processor that the machine lacks cannot be run on, as sched_setaffinity says", async () => {
    const trace = await execute(compile(scenario([timerMap()], [arming], [runOn(2)])));
    expect(trace.steps.at(-1)?.result).toBe(-ERRNO.EINVAL);
  });

  test.each([
    ["one processor, where no step names another", run(), 1],
    ["two processors, where a step names the second", runOn(1), 2],
  ])("user space reads a per-CPU value of %s", async (_, step, processors) => {
    const counters = { ...timerMap("percpu-array"), value: { size: 8, fields: [{ kind: "u64" as const, offset: 0 }] } };
    const idle = program([]);
    const steps = [step, userUpdate(0, 7), userLookup(0)];
    const trace = await execute(compile(scenario([counters], [idle], steps)));
    expect(trace.steps.at(-1)?.value).toBe("0700000000000000".repeat(processors));
  });
});
