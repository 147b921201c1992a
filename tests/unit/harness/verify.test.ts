import { existsSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { type Outcome, RuntimeUnavailable, UnknownRuntime } from "../../../harness/harness.ts";
import { checkVerifyName, openVerify } from "../../../harness/verify/index.ts";
import { VerifyHarness } from "../../../harness/verify/verify-harness.ts";
import { lookup, program, timerMap } from "../../../scenario/build.ts";
import { compile } from "../../../scenario/compile.ts";
import type { Step } from "../../../scenario/scenario.ts";
import { readElf } from "../bpf/read-elf.ts";

const steps: Step[] = [
  { kind: "create-map", map: 0 },
  { kind: "load-program", program: 0 },
  { kind: "load-program", program: 1 },
];
const scenario = { maps: [timerMap(1)], programs: [program([lookup(0, 0)]), program([], [], "xdp")], steps };
const twoLoads = compile(scenario);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "timerconf-test-verify-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a command makes of a case. */
async function outcomeOf(command: string, compiled = twoLoads, limitMs = 10_000): Promise<Outcome> {
  const harness = await new VerifyHarness(`verify:${command}`, command, limitMs).open();
  try {
    return (await harness.run([compiled]))[0] as Outcome;
  } finally {
    await harness.close();
  }
}

const results = (outcome: Outcome) =>
  outcome.kind === "trace" ? outcome.trace.steps.map(({ result }) => result) : outcome;

/** The commands that run now, of whomever. */
async function running(): Promise<string[]> {
  const ids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, "latin1").catch(() => "")));
  return lines.map((line) => line.replaceAll("\0", " ").trim());
}

describe("a command that verifies", () => {
  test("loads what it exits with 0 for, and refuses the rest", async () => {
    expect(results(await outcomeOf("test -s {elf}"))).toEqual([0, 0, 0]);
    expect(results(await outcomeOf("grep -q xdp {elf}"))).toEqual([0, -22, 0]);
  });

  test("is given an object for each program, with that program alone", async () => {
    const into = await mkdtemp(join(folder, "kept-"));
    await outcomeOf(`cp {elf} ${into}`);
    const kept = await Promise.all((await readdir(into)).sort().map((name) => readFile(join(into, name))));
    const names = kept.map((bytes) =>
      readElf(bytes)
        .symbols.map(({ name }) => name)
        .filter((name) => /^[mp]\d$/.test(name)),
    );
    // The first was to see whether the command can be run.
    expect(names).toEqual([["p0"], ["m0", "p0"], ["p1"]]);
  });

  test("has the end of what it printed in the trace", async () => {
    const outcome = await outcomeOf("yes 'R1 is\ta scalar' | head -n 99999; echo at {elf} >&2; exit 3");
    const message = outcome.kind === "trace" ? (outcome.trace.steps[1]?.message ?? "") : "";
    expect(message).toMatch(/^(R1 is\?a scalar\n)+at \/.*\.o$/);
    expect(message.length).toBeLessThanOrEqual(1024);
  });

  test("has a time limit", async () => {
    const outcome = await outcomeOf("sleep 4711 # {elf}", twoLoads, 300);
    expect(outcome).toMatchObject({ kind: "error", reason: expect.stringContaining("did not end within 0.3 s") });
    await expect.poll(running).not.toContain("sleep 4711");
  });

  test("leaves no process", async () => {
    expect(results(await outcomeOf("sleep 4712 & test -s {elf}"))).toEqual([0, 0, 0]);
    await expect.poll(running).not.toContain("sleep 4712");
  });

  test("says nothing where it dies", async () => {
    const outcome = await outcomeOf("echo at line 7; kill -SEGV $$ # {elf}");
    expect(outcome).toMatchObject({
      kind: "error",
      reason: expect.stringMatching(/p0: it died of SIGSEGV; it printed: at line 7/),
    });
    const behind = await outcomeOf("sh -c 'kill -SEGV $$'; exit $? # {elf}");
    expect(behind).toMatchObject({ kind: "error", reason: expect.stringContaining("died of signal 11") });
  });

  test("is not asked what becomes of programs that run", async () => {
    const compiled = compile({ ...scenario, steps: [...steps, { kind: "run", program: 0 }] });
    const outcome = await outcomeOf("true {elf}", compiled);
    expect(outcome).toMatchObject({ kind: "error", reason: expect.stringContaining("executes nothing") });
  });

  test("does not run here where there is no such command", async () => {
    await expect(openVerify("verify:/no/such/command {elf}")).rejects.toThrow(RuntimeUnavailable);
    await expect(openVerify("verify:/no/such/command {elf}")).rejects.toThrow("not found");
  });

  test.each(["verify:", "verify:true", "verify"])("%s is no name of one", (name) => {
    expect(() => checkVerifyName(name)).toThrow(UnknownRuntime);
  });
});

describe("the objects that it is given", () => {
  let harness: VerifyHarness;
  let seen: string;
  beforeEach(async () => {
    seen = join(await mkdtemp(join(folder, "seen-")), "paths");
    harness = await new VerifyHarness("verify", `echo {elf} >> ${seen}; test ! -e ${seen}.wait || sleep 4713`).open();
  });
  const paths = async () => (await readFile(seen, "utf8")).trim().split("\n");

  test("are gone when it has ended, and the folder when all is over", async () => {
    await harness.run(Array.from({ length: 5 }, () => twoLoads));
    const all = await paths();
    expect(new Set(all).size).toBe(11);
    expect(all.filter(existsSync)).toEqual([]);
    await harness.close();
    expect(existsSync(join(all[0] ?? "", ".."))).toBe(false);
  });

  test("are gone, and what reads them, where it is closed before the end", async () => {
    await rm(seen);
    await writeFile(`${seen}.wait`, "");
    const outcomes = harness.run([twoLoads, twoLoads]);
    while (!existsSync(seen)) await sleep(20);
    await harness.close();
    expect(await outcomes).toEqual(Array(2).fill({ kind: "error", reason: expect.stringContaining("it was ended") }));
    expect((await paths()).filter((path) => existsSync(join(path, "..")))).toEqual([]);
    await expect.poll(running).not.toContain("sleep 4713");
  });
});
