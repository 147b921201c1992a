import { describe, expect, test } from "vitest";
import { ERRNO } from "../../bpf/errno.ts";
import { BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN, CLOCK } from "../../bpf/uapi.ts";
import {
  advance,
  callback,
  cancel,
  closeMap,
  deleteElement,
  init,
  lookup,
  program,
  run,
  scenario,
  setCallback,
  start,
  updateElement,
} from "../../scenario/build.ts";
import type { Operation } from "../../scenario/scenario.ts";
import { see, timerMap, VERSIONS } from "./emulator-scenarios.ts";

const MS = 1_000_000;
const armed = [lookup(0, 1), init(0, CLOCK.MONOTONIC), setCallback(0), start(MS)];

/** One program's events, run once and then left alone for three milliseconds. */
async function events(
  operations: Operation[],
  own: Operation[] = [],
  runtime = "emulator",
): Promise<readonly string[]> {
  const own0 = [callback(own), callback()];
  return (await see(scenario([timerMap()], [program(operations, own0)], [run(), advance(3 * MS)]), runtime)).events;
}

describe.each(VERSIONS)("the timer helpers, %s", (version) => {
  const runtime = `emulator:${version}`;

  test("a started timer calls its callback with its key", async () => {
    expect(await events(armed, [], runtime)).toEqual(["p0:0=1", "p0:1=0", "p0:2=0", "p0:3=0", "c0!1"]);
  });

  test.each([CLOCK.REALTIME, CLOCK.MONOTONIC, CLOCK.BOOTTIME])("clock %i is accepted", async (clock) => {
    expect(await events([lookup(0, 1), init(0, clock)], [], runtime)).toContain("p0:1=0");
  });

  test.each([CLOCK.MONOTONIC_RAW, CLOCK.TAI, CLOCK.REALTIME_ALARM, 16, 17, "0x100000001"])(
    "init flags %s are refused",
    async (flags) => {
      expect(await events([lookup(0, 1), init(0, flags)], [], runtime)).toContain(`p0:1=${-ERRNO.EINVAL}`);
    },
  );

  test("a second init is -EBUSY, but wrong flags come first", async () => {
    const seen = await events([lookup(0, 1), init(0, 1), init(0, 7), init(0, 99)], [], runtime);
    expect(seen.slice(1)).toEqual(["p0:1=0", `p0:2=${-ERRNO.EBUSY}`, `p0:3=${-ERRNO.EINVAL}`]);
  });

  test("before init and before set_callback there is nothing to set, start or cancel", async () => {
    const seen = await events([lookup(0, 1), setCallback(0), start(1), cancel(), init(0, 1), start(1)], [], runtime);
    const einval = -ERRNO.EINVAL;
    expect(seen.slice(1)).toEqual([`p0:1=${einval}`, `p0:2=${einval}`, `p0:3=${einval}`, "p0:4=0", `p0:5=${einval}`]);
  });

  test("cancel returns whether the timer was armed, and drops the callback", async () => {
    const seen = await events([...armed, cancel(), cancel(), start(MS), setCallback(0), start(MS)], [], runtime);
    expect(seen.slice(4)).toEqual(["p0:4=1", "p0:5=0", `p0:6=${-ERRNO.EINVAL}`, "p0:7=0", "p0:8=0", "c0!1"]);
  });

  test("a callback cannot cancel its own timer", async () => {
    expect(await events(armed, [cancel("self")], runtime)).toContain(`c0:0=${-ERRNO.EDEADLK}`);
  });

  test("a callback can arm its own timer again", async () => {
    const seen = await events(armed, [start(MS, 0, "self")], runtime);
    expect(seen.filter((event) => event === "c0!1")).toHaveLength(3);
  });

  test("the later callback is the one called", async () => {
    expect(await events([...armed, setCallback(1)], [], runtime)).toContain("c1!1");
  });

  test.each(["delete", "update"])("%s of the element frees its timer", async (kind) => {
    const gone = kind === "delete" ? deleteElement(0, 1) : updateElement(0, 1);
    expect(await events([...armed, gone], [], runtime)).not.toContain("c0!1");
  });

  test("a callback that deletes its own element runs to its end", async () => {
    const seen = await events(armed, [deleteElement(0, 1), cancel("self")], runtime);
    expect(seen.slice(4)).toEqual(["c0!1", "c0:0=0", `c0:1=${-ERRNO.EINVAL}`]);
  });

  test("an element freed and added again is the same memory, with no timer", async () => {
    const again = [deleteElement(0, 1), updateElement(0, 1), lookup(0, 1), init(0, 1)];
    expect(await events([...armed, ...again], [], runtime)).toContain("p0:7=0");
  });

  test("a pointer kept from before the replacement leaves its timer behind in memory to be used again", async () => {
    const stale = [lookup(0, 1), deleteElement(0, 1), init(0, 1), updateElement(0, 1), lookup(0, 1), init(0, 1)];
    const seen = await events(stale, [], runtime);
    expect(seen).toContain("p0:2=0");
    expect(seen).toContain(`p0:5=${-ERRNO.EBUSY}`);
  });

  test("without user references init is -EPERM", async () => {
    const own = scenario([timerMap()], [program([lookup(0, 1), init(0, 1)])], [closeMap(), run()]);
    expect((await see(own, runtime)).events).toContain(`p0:1=${-ERRNO.EPERM}`);
  });

  test("a syscall program lets an expired timer fire between two of its helper calls", async () => {
    const operations = [...armed.slice(0, 3), start(0), lookup(0, 1)];
    const own = scenario([timerMap()], [program(operations, [callback()], "syscall")], [run()]);
    const { events: seen } = await see(own, runtime);
    expect(seen.slice(3)).toEqual(["p0:3=0", "c0!1", "p0:4=1"]);
  });
});

describe("the flags of bpf_timer_start", () => {
  const withFlags = (flags: number, ns: number, runtime: string) =>
    events([...armed.slice(0, 3), start(ns, flags)], [], runtime);

  test.each([BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN, 4])("6.1 knows no flag %i", async (flags) => {
    expect(await withFlags(flags, MS, "emulator:6.1")).toContain(`p0:3=${-ERRNO.EINVAL}`);
  });

  test("6.12 takes both, and no others", async () => {
    for (const flags of [BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN, BPF_F_TIMER_ABS | BPF_F_TIMER_CPU_PIN])
      expect(await withFlags(flags, MS, "emulator:6.12")).toContain("p0:3=0");
    expect(await withFlags(4, MS, "emulator:6.12")).toContain(`p0:3=${-ERRNO.EINVAL}`);
  });

  test("an absolute time is one on the clock", async () => {
    const own = scenario(
      [timerMap()],
      [program([...armed.slice(0, 3), start(1_002_000_000, BPF_F_TIMER_ABS)], [callback()])],
      [run(), advance(3 * MS)],
    );
    const { records, events: seen } = await see(own, "emulator:6.12");
    expect(seen.at(-1)).toBe("c0!1");
    expect(records.at(-1)?.timeNs).toBe(1_002_000_000);
  });
});
