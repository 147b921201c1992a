/** Interrupts off, branching returns, locks in callbacks, wrapped timers: what kernels of different age make of them. */
import { describe, expect, test } from "vitest";
import { ERRNO } from "../../bpf/errno.ts";
import { BPF_F_LOCK } from "../../bpf/uapi.ts";
import {
  advance,
  branchingCallback,
  callback,
  cancel,
  cancelAsync,
  init,
  interruptsOff,
  lookup,
  program,
  run,
  scenario,
  setCallback,
  spinLock,
  spinUnlock,
  start,
  userUpdate,
} from "../../scenario/build.ts";
import { compile } from "../../scenario/compile.ts";
import type { Callback, MapSpec, Operation, Scenario, Step } from "../../scenario/scenario.ts";
import type { Trace } from "../../scenario/trace.ts";
import { execute, timerMap } from "./emulator-scenarios.ts";

const MS = 1_000_000;

const executed = (written: Scenario, version: string): Promise<Trace> =>
  execute(compile(written), `emulator:${version}`);

const valuesOf = ({ steps }: Trace): number[] => steps.flatMap(({ records }) => records.map(({ value }) => value));

/** Runs the operations on an element of a hash map, then `steps`. */
async function resultsOf(operations: Operation[], version: string, steps: Step[] = []): Promise<number[]> {
  const written = scenario([timerMap()], [program([lookup(0, 1), ...operations], [callback()])], [run(), ...steps]);
  return valuesOf(await executed(written, version));
}

/** What loading a program with this callback gives. */
async function loading(each: Callback, version: string, map: MapSpec = timerMap()): Promise<number | undefined> {
  const written = scenario([map], [program([lookup(0, 1), init(0, 1), setCallback(0)], [each])], []);
  return (await executed(written, version)).steps[1]?.result;
}

describe("with interrupts off", () => {
  const armed = [init(0, 1), setCallback(0), start(MS)];

  test("results are logged in order, right after interrupts are on again", async () => {
    expect(await resultsOf(interruptsOff([init(0, 1), setCallback(0), start(MS)]), "6.18")).toEqual([1, 0, 0, 0]);
  });

  test("a start arms the timer", async () => {
    for (const version of ["6.18", "7.0"])
      expect(await resultsOf(interruptsOff(armed), version, [advance(2 * MS)])).toEqual([1, 0, 0, 0, 1]);
  });

  test("what is left to an interrupt is done in order: the start, then the cancelling", async () => {
    const both = interruptsOff([start(MS), cancelAsync()]);
    expect(await resultsOf([init(0, 1), setCallback(0), ...both], "7.0", [advance(2 * MS)])).toEqual([
      1,
      0,
      0,
      0,
      -ERRNO.ECANCELED,
    ]);
  });

  test("bpf_timer_cancel refuses since 7.0, before it looks at the timer", async () => {
    expect(await resultsOf(interruptsOff([cancel()]), "6.18")).toEqual([1, -ERRNO.EINVAL]);
    expect(await resultsOf(interruptsOff([cancel()]), "7.0")).toEqual([1, -ERRNO.EOPNOTSUPP]);
    expect(await resultsOf([...armed, ...interruptsOff([cancel()])], "6.18")).toEqual([1, 0, 0, 0, 1]);
  });

  test("bpf_timer_cancel_async of an inactive timer says -ECANCELED, of none -EINVAL", async () => {
    expect(await resultsOf([init(0, 1), ...interruptsOff([cancelAsync()])], "7.0")).toEqual([1, 0, -ERRNO.ECANCELED]);
    expect(await resultsOf(interruptsOff([cancelAsync()]), "7.0")).toEqual([1, -ERRNO.EINVAL]);
  });

  test("a program that leaves them off is refused, and one that was not off before", async () => {
    const load = async (operations: Operation[]) =>
      (await executed(scenario([timerMap()], [program(operations)], []), "7.0")).steps[1]?.result;
    expect(await load([lookup(0, 1), { kind: "irq-save" }, cancel()])).toBe(-ERRNO.EINVAL);
    expect(await load([lookup(0, 1), { kind: "irq-restore" }])).toBe(-ERRNO.EINVAL);
    expect(await load([lookup(0, 1), { kind: "irq-save" }, { kind: "irq-save" }])).toBe(-ERRNO.EINVAL);
  });
});

test("a callback that may return something else is refused since 6.8, on the straight way always", async () => {
  const versions = ["6.1", "6.4", "6.12", "7.3"];
  const results = (each: Callback) => Promise.all(versions.map((version) => loading(each, version)));
  expect(await results(branchingCallback(0))).toEqual([0, 0, 0, 0]);
  expect(await results(branchingCallback(1001))).toEqual([0, 0, -ERRNO.EINVAL, -ERRNO.EINVAL]);
  expect(await results({ ...callback([], 1), mayReturn: 0 })).toEqual(versions.map(() => -ERRNO.EINVAL));
});

test("until 6.2 the lock of a callback's own value is not known to be held", async () => {
  const locked = timerMap("hash", {
    value: {
      size: 24,
      fields: [
        { kind: "timer", offset: 0 },
        { kind: "spin-lock", offset: 16 },
      ],
    },
  });
  const both = callback([spinLock("self"), spinUnlock("self")]);
  const alone = callback([spinLock("self")]);
  expect(await Promise.all(["6.1", "6.12"].map((version) => loading(both, version, locked)))).toEqual([
    -ERRNO.EACCES,
    0,
  ]);
  expect(await Promise.all(["6.1", "6.12"].map((version) => loading(alone, version, locked)))).toEqual([
    0,
    -ERRNO.EINVAL,
  ]);
});

test.each(["array", "struct"] as const)("a timer inside a %s is found since 6.11", async (inside) => {
  const map = timerMap("hash", { value: { size: 16, fields: [{ kind: "timer", offset: 0, inside }] } });
  expect(await Promise.all(["6.1", "6.6", "6.12"].map((version) => loading(callback(), version, map)))).toEqual([
    -ERRNO.EACCES,
    -ERRNO.EINVAL,
    0,
  ]);
});

test("BPF_F_LOCK without a lock is refused before anything else is looked at", async () => {
  const map = timerMap("array", { maxEntries: 1 });
  const { steps } = await executed(scenario([map], [], [userUpdate(4, 0, 0, 0, BPF_F_LOCK), userUpdate(4)]), "6.12");
  expect(steps.slice(1).map(({ result }) => result)).toEqual([-ERRNO.EINVAL, -ERRNO.E2BIG]);
});
