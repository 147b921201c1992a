import { describe, expect, it } from "vitest";
import type { FoundDifference } from "../../../conformance/diff.ts";
import type { Outcome } from "../../../harness/harness.ts";
import { differenceText } from "../../../reports/difference-text.ts";
import { saved, TWICE, traceOfTwice } from "./sample.ts";

const found = (left: Outcome, right: Outcome): FoundDifference => ({
  repeats: true,
  difference: { at: 2, what: "log record 2", left: "-EBUSY", right: "0" },
  compiled: saved(TWICE),
  outcomes: [left, right],
});
const trace = (second: number): Outcome => ({ kind: "trace", trace: traceOfTwice(second) });

describe("differenceText", () => {
  it("draws what is common once and what differs from both sides", () => {
    const lines = differenceText(found(trace(-16), trace(0)), ["emulator", "kernel"]).split("\n");
    expect(lines.filter((line) => line.startsWith("-"))).toEqual([
      "- emulator",
      expect.stringMatching(/bpf_timer_init.* = -EBUSY$/),
    ]);
    expect(lines.filter((line) => line.startsWith("+"))).toEqual([
      "+ kernel",
      expect.stringMatching(/bpf_timer_init.* = 0$/),
    ]);
    expect(lines.filter((line) => line.includes("] bpf_map_lookup_elem"))).toHaveLength(1);
  });

  it("shows why a side has no trace", () => {
    const text = differenceText(found(trace(0), { kind: "died", reason: "the guest died", console: "Oops" }), [
      "a",
      "b",
    ]);
    expect(text).toContain("+ the guest died\n+   Oops\n");
  });

  it("shows what a side's kernel complained of", () => {
    const loud: Outcome = { kind: "trace", trace: { ...traceOfTwice(0), complaints: ["WARNING: one"] } };
    const text = differenceText(found(trace(0), loud), ["a", "b"]);
    expect(text).toContain("\n+ the kernel complained:\n+   WARNING: one\n");
    expect(text).not.toContain("- the kernel complained");
  });

  it("gives the command for each side", () => {
    const text = differenceText(found(trace(0), trace(1)), ["a", "b"], { file: "out/x.json" });
    expect(text).toContain("timerconf replay out/x.json --runtime a\n");
    expect(text).toContain("timerconf replay out/x.json --runtime b\n");
  });
});
