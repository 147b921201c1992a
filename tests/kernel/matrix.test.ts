/** `timerconf matrix` on two kernels, interrupted and taken up again. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { main } from "../../cli/main.ts";
import { resultsSchema } from "../../conformance/results.ts";
import { fakeIo } from "../unit/cli/fake-io.ts";

const folder = mkdtempSync(join(tmpdir(), "timerconf-matrix-"));
afterAll(() => rmSync(folder, { recursive: true }));

const report = (out: string): string => readFileSync(join(folder, out, "report.json"), "utf8");

/** Runs it into that folder, and interrupts it after so many verdicts of its own. */
async function matrix(out: string, limit = Number.POSITIVE_INFINITY, seed: readonly string[] = []) {
  const interruption = new AbortController();
  const { io, out: written } = fakeIo({ signal: interruption.signal });
  const { write } = io.err;
  let verdicts = 0;
  io.err.write = (text) => {
    write(text);
    if (text.startsWith("[")) verdicts++;
    if (verdicts === limit) interruption.abort();
  };
  const command = ["matrix", "--kernels", "6.1,6.12", "--guarantee", "init.*", "--cases", "5", ...seed];
  const code = await main([...command, "--out", join(folder, out)], io);
  return { code, text: written(), verdicts };
}

it("goes on where it was, with its seed, and ends with the same report", async () => {
  const seed = ["--seed", "11"];
  const whole = await matrix("whole", undefined, seed);
  expect(whole.code).toBe(0);
  expect(whole.text).toMatch(/^guarantee +6\.1 +6\.12$/m);

  const cut = whole.verdicts / 2 + 2;
  const first = await matrix("cut", cut, seed);
  expect(first).toMatchObject({ code: 130, verdicts: cut });
  expect(resultsSchema.parse(JSON.parse(report("cut"))).complete).toBe(false);

  const second = await matrix("cut");
  expect(second).toMatchObject({ code: 0, verdicts: whole.verdicts - cut });
  expect(second.text).toMatch(new RegExp(`^going on after ${cut} verdicts`));
  expect(report("cut")).toBe(report("whole"));
});
