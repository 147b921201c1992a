import { describe, expect, it } from "vitest";
import type { Outcome } from "../../../harness/harness.ts";
import { whatIsLacking } from "../../../harness/kernel/probe.ts";
import type { StepResult } from "../../../scenario/trace.ts";

const trace = (message: string): Outcome => {
  const refused: StepResult = { result: -95, message, timeNs: 0, records: [] };
  const format = "bpf-timer-conformance/trace";
  return { kind: "trace", trace: { format, version: 1, steps: [refused], droppedRecords: 0, complaints: [] } };
};

describe("a kernel lacks timers", () => {
  it.each<[string, Outcome, RegExp]>([
    [
      "where bpf(2) is missing",
      { kind: "error", reason: "the kernel refuses the scenario's BTF: Function not implemented" },
      /no bpf\(2\)/,
    ],
    [
      "where the verifier says that it is a real-time one",
      trace("bpf_timer cannot be used for PREEMPT_RT.\nprocessed 20 insns"),
      /PREEMPT_RT/,
    ],
  ])("%s", (_, outcome, expected) => {
    expect(whatIsLacking(outcome)).toMatch(expected);
  });

  it.each<[string, Outcome | undefined]>([
    ["that fails otherwise", trace("invalid argument")],
    ["that dies of it", { kind: "died", reason: "Kernel panic", console: "" }],
    ["that says nothing", undefined],
  ])("but not one %s", (_, outcome) => {
    expect(whatIsLacking(outcome)).toBeUndefined();
  });
});
