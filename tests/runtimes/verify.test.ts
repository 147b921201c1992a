/** `verify:` runtimes, from the command line to the verdict. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../cli/main.ts";
import { resultsSchema } from "../../conformance/results.ts";
import { fakeIo } from "../unit/cli/fake-io.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "timerconf-verify-test-"));
});
afterAll(() => rm(folder, { recursive: true }));

async function run(command: string, guarantee: string) {
  const { io, err, out } = fakeIo();
  const more = ["--guarantee", guarantee, "--cases", "3", "--seed", "5", "--out", folder];
  const code = await main(["run", "--runtime", `verify:${command}`, ...more], io);
  return { code, said: out() + err() };
}

async function verdictOf(command: string, guarantee: string): Promise<string | undefined> {
  await run(command, guarantee);
  const { results } = resultsSchema.parse(JSON.parse(await readFile(join(folder, "report.json"), "utf8")));
  return results.find((result) => result.guarantee === guarantee)?.verdict;
}

describe("a verifier", () => {
  it("that takes everything is caught by what has to be refused", async () => {
    expect(await verdictOf("true {elf}", "plumbing.programs-load")).toBe("holds");
    expect(await verdictOf("true {elf}", "verifier.no-direct-load")).toBe("violated");
  });

  it("that refuses everything is caught by what has to be taken", async () => {
    expect(await verdictOf("false {elf}", "plumbing.programs-load")).toBe("violated");
  });

  it("is not asked what becomes of timers", async () => {
    expect(await verdictOf("true {elf}", "start.not-before-expiry")).toBe("not-applicable");
  });

  it("that cannot be run is told at once", async () => {
    const { code, said } = await run("/no/such/verifier {elf}", "plumbing.programs-load");
    expect({ code, said }).toEqual({ code: 3, said: expect.stringMatching(/does not run here:\s.*not\sfound/s) });
  });

  it("has to be given an object", async () => {
    expect(await run("true", "plumbing.programs-load")).toMatchObject({
      code: 2,
      said: expect.stringContaining("{elf}"),
    });
  });
});
