import { describe, expect, it } from "vitest";
import type { Counterexample } from "../../../conformance/counterexample.ts";
import type { Outcome } from "../../../harness/harness.ts";
import { counterexampleText } from "../../../reports/counterexample-text.ts";
import { counterexample, TWICE, traceOfTwice } from "./sample.ts";

/** The sample as a case that made its kernel complain, behind two others. */
function unhealthy(outcome: Outcome): string {
  const sample = counterexample();
  const { compiled } = sample;
  const { origin, ...bare } = compiled;
  const seen = { scenario: TWICE, expected: "no complaint", observed: "WARNING: one", after: [bare, bare] };
  const violation = { at: compiled.steps.length, expected: "no complaint", observed: "WARNING: one", subject: "" };
  const found: Counterexample = {
    ...sample,
    compiled: { ...bare, origin: { ...origin, ...seen } },
    outcome,
    verdict: { kind: "violated", violation },
  };
  return counterexampleText(found, STATEMENT);
}

const STATEMENT = { statement: "bpf_timer_init returns -EBUSY for a timer that is already initialized." };

describe("counterexampleText", () => {
  const text = counterexampleText(counterexample(), STATEMENT, { file: "out/it's.json" });

  it("says what is violated where, and what was promised", () => {
    expect(text).toMatch(/^init.already-initialized is violated on emulator\n {2}bpf_timer_init returns -EBUSY/);
  });

  it("describes maps by type, entries and value", () => {
    expect(text).toContain("\n  m0  array, 1 entry, value 16 bytes: bpf_timer at 0\n");
  });

  it("writes operations as calls", () => {
    expect(text).toContain("bpf_timer_init(&m0[0].timer, m0, CLOCK_MONOTONIC)");
    expect(text).toContain("bpf_timer_set_callback(&m0[0].timer, callback0)");
  });

  it("disassembles with function headers and map names, and sums up the log function", () => {
    expect(text).toMatch(/\n {6}callback0:\n/);
    expect(text).toContain("(18) r1 = map[m0]");
    expect(text).toMatch(/= map\[log\]\[0\]\+8 {2}; where 0 lies/);
    expect(text).toMatch(/log:\n +\d+: … \d+ instructions that append a record to the log map\n/);
  });

  it("marks the step and shows results beneath it", () => {
    expect(text).toMatch(/\n> 2 {2}run p0 += 0, returned 0\n/);
    expect(text).toMatch(/\[0\.000002\] bpf_map_lookup_elem\(m0, 0\) += found\n/);
  });

  it("ends with what was expected, what came, and how to see it again", () => {
    expect(text).toContain("expected  bpf_timer_init returns -EBUSY\nobserved  it returned 0\n");
    expect(text).toContain("again     timerconf replay 'out/it'\\''s.json' --runtime emulator\n");
  });

  it("shows no command where nothing was saved", () => {
    expect(counterexampleText(counterexample(), STATEMENT)).not.toContain("again");
  });

  it("shows what the kernel complained of beneath the steps, and how many cases it takes", () => {
    const found = unhealthy({
      kind: "trace",
      trace: { ...traceOfTwice(-16), complaints: ["WARNING: one", "BUG: two"] },
    });
    expect(found).toMatch(/\nafter 2 other cases in the same guest, saved with it\nsteps\n {2}0 {2}create m0/);
    expect(found).toContain("\n  the kernel complained:\n    WARNING: one\n    BUG: two\n\nexpected  no complaint\n");
    expect(found).not.toContain("> ");
  });

  it("shows the end of the console where the kernel died of it", () => {
    const reason = "no answer within 20 s: BUG: soft lockup";
    const found = unhealthy({
      kind: "died",
      reason,
      console: "Call Trace:\n __hrtimer_run",
      complaint: "BUG: soft lockup",
    });
    expect(found).toContain(`steps\n  ${reason}\n    Call Trace:\n     __hrtimer_run\n\nexpected  no complaint\n`);
  });
});
