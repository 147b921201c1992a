import { describe, expect, test } from "vitest";
import { type ClockBase, HRTIMER_MODE, Hrtimer, Hrtimers, MIN_DELTA_NS } from "../../../harness/emulator/hrtimers.ts";

const { abs: ABS, rel: REL } = HRTIMER_MODE;
const MAX = 2 ** 63 - 1024;

function machine() {
  const hrtimers = new Hrtimers(1000);
  const fired: string[] = [];
  const timer = (name: string, base: ClockBase = "monotonic") =>
    new Hrtimer(base, () => fired.push(`${name}@${hrtimers.nowNs}`));
  return { hrtimers, fired, timer };
}

describe("hrtimers", () => {
  test("fire by expiry, and by start where that is equal", () => {
    const { hrtimers, fired, timer } = machine();
    for (const [name, ns] of [
      ["late", 20],
      ["first", 10],
      ["second", 10],
    ] as const)
      hrtimers.start(timer(name), ns, REL, 0);
    hrtimers.advance(1100);
    expect(fired).toEqual(["first@1010", "second@1010", "late@1020"]);
  });

  test("fire at their expiry and not before", () => {
    const { hrtimers, fired, timer } = machine();
    hrtimers.start(timer("t"), 50, REL, 0);
    hrtimers.advance(1049);
    expect(fired).toEqual([]);
    hrtimers.advance(1050);
    expect(fired).toEqual(["t@1050"]);
  });

  test("one softirq serves the monotonic clock before the boot clock", () => {
    const { hrtimers, fired, timer } = machine();
    hrtimers.start(timer("boot", "boottime"), 10, REL, 0);
    hrtimers.start(timer("mono"), 10, REL, 0);
    hrtimers.advance(2000);
    expect(fired).toEqual(["mono@1010", "boot@1010"]);
  });

  test("a second start moves the expiry", () => {
    const { hrtimers, fired, timer } = machine();
    const t = timer("t");
    hrtimers.start(t, 10, REL, 0);
    hrtimers.start(t, 500, REL, 0);
    hrtimers.advance(5000);
    expect(fired).toEqual(["t@1500"]);
  });

  test("cancel says whether the timer was armed", () => {
    const { hrtimers, fired, timer } = machine();
    const t = timer("t");
    expect(hrtimers.cancel(t)).toBe(0);
    hrtimers.start(t, 10, REL, 0);
    expect(hrtimers.cancel(t)).toBe(1);
    hrtimers.advance(5000);
    expect(fired).toEqual([]);
  });

  test.each([
    ["a sum past the end of time", MAX, false],
    ["a relative time before now", -1, false],
    ["an absolute time before the epoch, while nothing else interrupts", -1, true],
  ])("%s never comes", (_, ns, absolute) => {
    const { hrtimers, fired, timer } = machine();
    hrtimers.start(timer("t"), ns, absolute ? ABS : REL, 0);
    hrtimers.advance(10 ** 15);
    expect(fired).toEqual([]);
  });

  test("an absolute time before the epoch is served by another timer's softirq", () => {
    const { hrtimers, fired, timer } = machine();
    hrtimers.start(timer("past"), -1, ABS, 0);
    hrtimers.start(timer("other"), 10, REL, 0);
    hrtimers.advance(2000);
    expect(fired).toEqual(["other@1010", "past@1010"]);
  });

  test("an absolute time in the past fires at once", () => {
    const { hrtimers, fired, timer } = machine();
    hrtimers.start(timer("t"), 5, ABS, 0);
    hrtimers.runPending();
    expect(fired).toEqual(["t@1000"]);
  });

  test("a callback that arms its timer for at once is called again at the next interrupt", () => {
    const hrtimers = new Hrtimers(1000);
    const fired: number[] = [];
    const timer: Hrtimer = new Hrtimer("monotonic", () => {
      fired.push(hrtimers.nowNs);
      hrtimers.start(timer, 0, REL, 0);
    });
    hrtimers.start(timer, 10, REL, 0);
    hrtimers.advance(1010 + 3 * MIN_DELTA_NS);
    expect(fired).toEqual([0, 1, 2, 3].map((times) => 1010 + times * MIN_DELTA_NS));
  });

  test("each processor serves its own queue, the lower first where both are due", () => {
    const { hrtimers, fired, timer } = machine();
    hrtimers.start(timer("second", "monotonic"), 10, REL, 1);
    hrtimers.start(timer("first", "boottime"), 10, REL, 0);
    hrtimers.start(timer("earliest"), 5, REL, 1);
    hrtimers.advance(2000);
    expect(fired).toEqual(["earliest@1005", "first@1010", "second@1010"]);
  });

  test("only the processor asked for serves what is pending", () => {
    const { hrtimers, fired, timer } = machine();
    hrtimers.start(timer("other"), 0, REL, 1);
    hrtimers.runPending(0);
    expect(fired).toEqual([]);
    hrtimers.runPending();
    expect(fired).toEqual(["other@1000"]);
  });

  test("a start moves a timer to another processor's queue", () => {
    const { hrtimers, fired, timer } = machine();
    const t = timer("t");
    hrtimers.start(t, 10, REL, 0);
    hrtimers.start(t, 20, REL, 1);
    expect(hrtimers.cpuBases.map(({ queue }) => queue.length)).toEqual([0, 1]);
    hrtimers.advance(2000);
    expect(fired).toEqual(["t@1020"]);
  });

  test("what a callback arms for at once on another processor waits for its next interrupt, too", () => {
    const hrtimers = new Hrtimers(1000);
    const fired: number[] = [];
    const timer: Hrtimer = new Hrtimer("monotonic", () => {
      fired.push(hrtimers.nowNs);
      hrtimers.start(timer, 0, REL, 1 - timer.cpu);
    });
    hrtimers.start(timer, 10, REL, 0);
    hrtimers.advance(1010 + 2 * MIN_DELTA_NS);
    expect(fired).toEqual([0, 1, 2].map((times) => 1010 + times * MIN_DELTA_NS));
  });
});
