/** Kernels that have no BPF timers: nothing applies to them, for a reason that is given, and that is no failure. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { main } from "../../cli/main.ts";
import { resultsSchema } from "../../conformance/results.ts";
import { fakeIo } from "../unit/cli/fake-io.ts";

it.each([
  ["kernel:5.10", /^since Linux /],
  ["kernel:6.12-rt", /PREEMPT_RT/],
])("%s: all is not-applicable, exit 0", async (runtime, reason) => {
  const folder = mkdtempSync(join(tmpdir(), "timerconf-"));
  try {
    const { io } = fakeIo();
    expect(await main(["run", "--runtime", runtime, "--cases", "5", "--out", folder], io)).toBe(0);
    const { results, runtimes } = resultsSchema.parse(JSON.parse(readFileSync(join(folder, "report.json"), "utf8")));
    expect(runtimes).toMatchObject([{ name: runtime, status: "ran" }]);
    expect(results.length).toBeGreaterThan(0);
    for (const result of results)
      expect(result).toMatchObject({ verdict: "not-applicable", reason: expect.stringMatching(reason) });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
