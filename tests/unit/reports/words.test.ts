import { describe, expect, it } from "vitest";
import { mapFlags, timerInitFlags, timerStartFlags, updateFlags } from "../../../reports/flag-names.ts";
import { wrap } from "../../../reports/indent.ts";
import { operationResult, operationText } from "../../../reports/operation-text.ts";
import { paintFor } from "../../../reports/paint.ts";
import { stepResultText, stepText } from "../../../reports/step-text.ts";
import { delayText, stampText } from "../../../reports/time-text.ts";

describe("flags", () => {
  it.each([
    [mapFlags(0), ""],
    [mapFlags(0x81), "BPF_F_NO_PREALLOC | BPF_F_RDONLY_PROG"],
    [timerInitFlags(7), "CLOCK_BOOTTIME"],
    [timerInitFlags(12), "12"],
    [timerInitFlags("0x8000000000000001"), "CLOCK_MONOTONIC | 0x8000000000000000"],
    [timerStartFlags(0), "0"],
    [timerStartFlags(9), "BPF_F_TIMER_ABS | 0x8"],
    [updateFlags(0), "BPF_ANY"],
    [updateFlags(2), "BPF_EXIST"],
  ])("%s", (text, expected) => expect(text).toBe(expected));
});

describe("times", () => {
  it.each([
    [0, "0 ns"],
    [20_000_000, "20 ms"],
    [3_000_000_000, "3 s"],
    [1_500, "1500 ns"],
    ["0xffffffffffffffff", "18446744073709551615 ns"],
  ])("delayText(%s)", (ns, text) => expect(delayText(ns)).toBe(text));

  it("stamps as the kernel log does", () => expect(stampText(1_002_003_004)).toBe("[1.002003]"));
});

describe("operations", () => {
  it("name elements by the lookup that found them", () => {
    const operations = [
      { kind: "lookup", map: 0, key: 1, slot: 0 },
      { kind: "lookup-inner", map: 2, key: 0, innerKey: 3, slot: 1 },
      { kind: "timer-cancel", element: 0 },
      { kind: "timer-cancel", element: 1 },
      { kind: "timer-cancel", element: "self" },
      { kind: "timer-init", element: 0, map: 0, flags: 0, offsetDelta: -8, variableOffset: true },
    ] as const;
    expect([2, 3, 4, 5].map((at) => operationText(operations, at))).toEqual([
      "bpf_timer_cancel(&m0[1].timer)",
      "bpf_timer_cancel(&m2[0]->[3].timer)",
      "bpf_timer_cancel(&self.timer)",
      "bpf_timer_init(&m0[1].timer - 8 + (bpf_ktime_get_ns() & 8), m0, CLOCK_REALTIME)",
    ]);
  });

  it("say found and missing of lookups, and errors by name", () => {
    expect(operationResult("lookup", 0)).toBe("missing");
    expect(operationResult("timer-init", -16)).toBe("-EBUSY");
    expect(operationResult("read-payload", -1)).toBe("-1");
  });
});

describe("steps", () => {
  it("are said in words", () => {
    expect(stepText({ kind: "update", map: 0, key: 1, payload: 5, fill: 255, flags: 1 })).toBe(
      "update m0[1] = 5, timer filled with 255, BPF_NOEXIST",
    );
    expect(stepText({ kind: "update", map: "m0", key: "01000000", value: "00ff", flags: 0 })).toBe(
      "update m0[1] = 00ff, BPF_ANY",
    );
    expect(stepText({ kind: "delete", map: "m0", key: "0102030405" })).toBe("delete m0[0x0102030405]");
    expect(stepText({ kind: "run", program: 1, cpu: 2 })).toBe("run p1 on cpu 2");
  });

  it("show what they returned only where they succeeded", () => {
    const base = { timeNs: 0, records: [], returnValue: 3 };
    expect(stepResultText({ ...base, result: 0 })).toBe("0, returned 3");
    expect(stepResultText({ ...base, result: -2 })).toBe("-ENOENT");
  });
});

describe("paintFor", () => {
  it("colours on a terminal, unless NO_COLOR is set and not empty", () => {
    expect(paintFor(true, {})("good", "x")).toBe("\u001b[32mx\u001b[0m");
    expect(paintFor(true, { NO_COLOR: "" })("good", "x")).toBe("\u001b[32mx\u001b[0m");
    expect(paintFor(true, { NO_COLOR: "1" })("good", "x")).toBe("x");
    expect(paintFor(false, {})("good", "x")).toBe("x");
  });
});

describe("wrap", () => {
  it("breaks between words and leaves long ones whole", () =>
    expect(wrap("one two  three-and-more four", 8)).toEqual(["one two", "three-and-more", "four"]));
});
