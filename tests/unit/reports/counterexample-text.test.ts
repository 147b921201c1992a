import { describe, expect, it } from "vitest";
import { counterexampleText } from "../../../reports/counterexample-text.ts";
import { counterexample } from "./sample.ts";

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
});
