import { describe, expect, it } from "vitest";
import { coloured } from "../../../reports/paint.ts";
import { terminalTable } from "../../../reports/terminal-table.ts";
import { RESULTS } from "./sample.ts";

describe("terminalTable", () => {
  const lines = terminalTable(RESULTS).split("\n");

  it("aligns verdicts and counts under each runtime", () => {
    expect(lines.slice(0, 3)).toEqual([
      "guarantee      emulator               kernel:6.1",
      "init.succeeds  holds         100/100  known-divergence [1]  9/9",
      "init.other     violated [2]      8/9  -",
    ]);
  });

  it("numbers reasons in the order they are read in", () => {
    expect(lines).toContain("[1] It differs.");
    expect(lines).toContain("[2] it loaded");
  });

  it("names every runtime with its version or why it has none", () => {
    expect(lines).toContain("kernel:6.1   6.1.0-40");
    expect(lines).toContain("kernel:6.18  unavailable: QEMU is missing: apt-get install qemu");
  });

  it("ends with the seed, and says where a run was cut short", () => {
    expect(lines.at(-2)).toBe("seed 7");
    expect(terminalTable({ ...RESULTS, complete: false })).toMatch(/cut short, seed 7\n$/);
  });

  it("counts verdicts, the worst first", () => {
    expect(lines).toContainEqual(expect.stringMatching(/^1 violated, 1 known-divergence, 1 holds /));
  });

  it("is the same text in colours", () => {
    const text = terminalTable(RESULTS, { paint: coloured });
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what colours are made of
    expect(text.replaceAll(/\u001b\[[\d;]*m/g, "")).toBe(terminalTable(RESULTS));
    expect(text).toContain("\u001b[1;31mviolated [2]\u001b[0m");
  });

  it("says that nothing was judged", () => {
    expect(terminalTable({ ...RESULTS, results: [] })).toContain("nothing was judged");
  });

  it("keeps the first line of a reason that has several", () => {
    const results = RESULTS.results.map((result) => ({ ...result, reason: "the guest died\nconsole text" }));
    const text = terminalTable({ ...RESULTS, results });
    expect(text).toContain("[1] the guest died\n");
    expect(text).not.toContain("console text");
  });
});
