/** `timerconf` from its arguments to its exit code, on the emulator. */
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { main } from "../../cli/main.ts";
import { type Results, resultsSchema } from "../../conformance/results.ts";
import { fakeIo } from "../unit/cli/fake-io.ts";

const FAULTY = "emulator+fault=init-twice-allowed";
const CASE_FILE = "init.already-initialized--emulator+fault=init-twice-allowed.json";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "timerconf-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function timerconf(argv: readonly string[], signal?: AbortSignal) {
  const { io, out, err } = fakeIo(signal === undefined ? {} : { signal });
  return { code: await main(argv, io), out: out(), err: err() };
}

const run = (runtime: string, ...more: string[]) =>
  timerconf(["run", "--runtime", runtime, "--cases", "10", "--seed", "4", "--out", folder, ...more]);

const report = async (): Promise<Results> =>
  resultsSchema.parse(JSON.parse(await readFile(join(folder, "report.json"), "utf8")));

describe("timerconf run", () => {
  it("exits 0 where all holds, with the seed in the first and the last line", async () => {
    const { code, out } = await run("emulator", "--guarantee", "init.*");
    expect(code).toBe(0);
    expect(out).toMatch(/^seed 4: [0-9]+ guarantees on emulator, /);
    expect(out).toMatch(/\nseed 4\n$/);
    expect(await report()).toMatchObject({ complete: true, seed: 4 });
  });

  it("writes the same report.json for the same seed, byte for byte", async () => {
    await run("emulator", "--guarantee", "start.*");
    const first = await readFile(join(folder, "report.json"), "utf8");
    await run("emulator", "--guarantee", "start.*");
    expect(await readFile(join(folder, "report.json"), "utf8")).toBe(first);
  });

  it("exits 1 on a violation, draws it and saves it", async () => {
    const { code, out } = await run(FAULTY, "--guarantee", "init.already-initialized");
    expect(code).toBe(1);
    expect(out).toContain(`init.already-initialized, clause returns is violated on ${FAULTY}`);
    expect(await readdir(folder)).toContain(CASE_FILE);
    expect((await report()).results).toContainEqual(
      expect.objectContaining({ verdict: "violated", counterexample: CASE_FILE }),
    );
  });

  it.each([
    [{ guarantee: "init.gone", seen: "0" }, /entry 0 names the guarantee init\.gone/],
    [{ guarantee: "init.succeeds", seen: "0", until: "2020-01-01" }, /entry 0 expired on 2020-01-01/],
  ])("refuses expectations that are unknown or have expired (%#)", async (entry, message) => {
    const file = join(folder, "known.json");
    await writeFile(file, JSON.stringify([{ runtime: "emulator", reason: "a test", until: "2999-12-31", ...entry }]));
    const { code, err } = await run("emulator", "--guarantee", "init.succeeds", "--expect", file);
    expect(code).toBe(2);
    expect(err).toMatch(message);
  });

  it("excuses what is expected, with its reason", async () => {
    const file = join(folder, "known.json");
    const common = { runtime: FAULTY, reason: "a test", until: "2999-12-31" };
    await writeFile(file, JSON.stringify([{ guarantee: "init.already-initialized", seen: "returned 0", ...common }]));
    await run(FAULTY, "--guarantee", "init.already-initialized", "--expect", file);
    expect((await report()).results).toContainEqual(
      expect.objectContaining({
        guarantee: "init.already-initialized",
        clauses: expect.arrayContaining([
          expect.objectContaining({
            excuses: [expect.objectContaining({ kind: "expectation", reason: "expected: a test" })],
          }),
        ]),
      }),
    );
  });

  it("shows results that it cannot save, complains once and exits 2", async () => {
    const file = join(folder, "file");
    await writeFile(file, "");
    const { code, out, err } = await run(FAULTY, "--guarantee", "init.already*", "--out", join(file, "out"));
    expect(code).toBe(2);
    expect(err.match(/^timerconf: cannot save to .*--out$/gm)).toHaveLength(1);
    expect(out).toMatch(/\d violated/);
  });

  it("exits 130 when interrupted, and keeps what was found", async () => {
    const interruption = new AbortController();
    const { io, out } = fakeIo({ signal: interruption.signal });
    const write = io.err.write;
    io.err.write = (text) => {
      write(text);
      if (text.includes("init.already-initialized")) interruption.abort();
    };
    const code = await main(["run", "--runtime", "emulator", "--cases", "5", "--out", folder], io);
    expect(code).toBe(130);
    expect(out()).toMatch(/\ncut short, seed \d+\n$/);
    expect(await report()).toMatchObject({ complete: false, runtimes: [{ name: "emulator", status: "stopped" }] });
    expect((await report()).results.map(({ guarantee }) => guarantee)).toContain("init.already-initialized");
  });

  it.each([
    [["--runtime", "emulatr"], /unknown runtime "emulatr"/],
    [["--runtime", "emulator+fault=no-such"], /no-such/],
    [["--runtime", "emulator:5.4.x"], /emulator/],
    [["--runtime", "emulator", "--guarantee", "inti.*"], /no guarantee matches "inti.\*"; near it: init\./],
    [["--runtime", "emulator", "--require-kernel"], /add --runtime kernel/],
  ])("%j: one line on stderr, exit 2", async (argv, message) => {
    const { code, err } = await timerconf(["run", "--out", folder, ...argv]);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).toMatch(/^timerconf: [^\n]+\n$/);
  });
});

describe("timerconf replay", () => {
  it("reproduces a saved counterexample, and holds where the fault is absent", async () => {
    await run(FAULTY, "--guarantee", "init.already-initialized");
    const file = join(folder, CASE_FILE);
    const again = await timerconf(["replay", file, "--runtime", FAULTY]);
    expect(again).toMatchObject({ code: 1, err: "" });
    expect(again.out).toContain("init.already-initialized is violated (returns): it returned 0");
    const healthy = await timerconf(["replay", file, "--runtime", "emulator"]);
    expect(healthy).toMatchObject({ code: 0, err: "" });
    expect(healthy.out).toMatch(/\ninit.already-initialized holds\n$/);
  });

  it("runs what has to come before a case first, and judges the case alone", async () => {
    await run(FAULTY, "--guarantee", "init.already-initialized");
    const file = join(folder, CASE_FILE);
    const { origin, ...bare } = JSON.parse(await readFile(file, "utf8"));
    const behind = (before: object) => JSON.stringify({ ...bare, origin: { ...origin, after: [before] } });
    await writeFile(file, behind(bare));
    const healthy = await timerconf(["replay", file, "--runtime", "emulator"]);
    expect(healthy).toMatchObject({ code: 0, err: "" });
    expect(healthy.out).toContain("\nafter 1 other case in the same guest, saved with it\nsteps\n");
    await writeFile(file, behind({ ...bare, btf: "00" }));
    const broken = await timerconf(["replay", file, "--runtime", "emulator"]);
    expect(broken).toMatchObject({ code: 1, err: "" });
    expect(broken.out).toMatch(/\nsteps\n {2}a case that runs before it: BTF section lies outside the data\n/);
  });

  it("runs a case that names no guarantee and no scenario, and judges nothing", async () => {
    await run(FAULTY, "--guarantee", "init.already-initialized");
    const { origin: _, ...bare } = JSON.parse(await readFile(join(folder, CASE_FILE), "utf8"));
    const file = join(folder, "bare.json");
    await writeFile(file, JSON.stringify(bare));
    const { code, out } = await timerconf(["replay", file, "--runtime", "emulator"]);
    expect(code).toBe(0);
    expect(out).toMatch(/operation \d+ += -16\n/);
    expect(out).toContain("nothing was judged");
  });

  it.each([
    ["{", /is not JSON/],
    ['{"format":"other"}', /is not a saved scenario: /],
  ])("%j is refused in one line, exit 2", async (content, message) => {
    const file = join(folder, "bad.json");
    await writeFile(file, content);
    const { code, err } = await timerconf(["replay", file, "--runtime", "emulator"]);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).toMatch(/^timerconf: [^\n]+\n$/);
  });

  it.each([
    ["BTF that is none", { btf: "00" }, 1, /unreadable BTF/],
    ["no call sites", { sites: [] }, 2, /bad.json contradicts itself: .*call site 0/],
  ])("takes a case with %s for what it is", async (_, change, exit, message) => {
    await run(FAULTY, "--guarantee", "init.already-initialized");
    const file = join(folder, "bad.json");
    const whole = JSON.parse(await readFile(join(folder, CASE_FILE), "utf8"));
    await writeFile(file, JSON.stringify({ ...whole, ...change }));
    const { code, out, err } = await timerconf(["replay", file, "--runtime", "emulator"]);
    expect(out + err).toMatch(message);
    expect(err).not.toContain("\n    at ");
    expect(code).toBe(exit);
  });

  it("says which file it cannot read", async () => {
    const missing = await timerconf(["replay", join(folder, "none.json"), "--runtime", "emulator"]);
    expect(missing).toMatchObject({ code: 2, err: expect.stringMatching(/none.json: there is no such file\n$/) });
    const directory = await timerconf(["replay", folder, "--runtime", "emulator"]);
    expect(directory).toMatchObject({ code: 2, err: expect.stringMatching(/it is a folder\n$/) });
  });

  it("refuses a case about a guarantee that there is not", async () => {
    await run(FAULTY, "--guarantee", "init.already-initialized");
    const file = join(folder, CASE_FILE);
    await writeFile(file, (await readFile(file, "utf8")).replace('"init.already-initialized"', '"init.gone"'));
    const { code, err } = await timerconf(["replay", file, "--runtime", "emulator"]);
    expect(code).toBe(2);
    expect(err).toMatch(/names the guarantee init.gone, which this version does not have/);
  });
});

describe("timerconf diff", () => {
  const diff = (right: string) =>
    timerconf(["diff", "emulator", right, "--cases", "100", "--seed", "1", "--out", folder]);

  it("exits 0 where both agree", async () => {
    const { code, out } = await diff("emulator:7.3");
    expect(code).toBe(0);
    expect(out).toMatch(/agree on 100 scenarios, seed 1\n$/);
  });

  it("exits 1 where they differ, draws both sides and saves the scenario", async () => {
    const { code, out } = await diff(FAULTY);
    expect(code).toBe(1);
    expect(out).toMatch(/^- .*bpf_timer_init.* = -EBUSY$/m);
    expect(out).toMatch(/^\+ .*bpf_timer_init.* = 0$/m);
    expect(await readdir(folder)).toContain("diff--emulator--emulator+fault=init-twice-allowed.json");
    expect(await readdir(folder)).toContain("init.already-initialized--emulator+fault=init-twice-allowed.json");
  });

  it("exits 2 on a runtime that means nothing", async () => {
    expect(await diff("emulator:9.99")).toMatchObject({ code: 2 });
  });
});

describe("timerconf list", () => {
  it("names each fault with the guarantees that it breaks", async () => {
    const { code, out } = await timerconf(["list", "--json"]);
    expect(code).toBe(0);
    const { guarantees, faults } = JSON.parse(out);
    expect(guarantees[0]).toEqual({
      id: expect.any(String),
      statement: expect.any(String),
      clauses: expect.any(Array),
      since: "5.15",
      sources: expect.any(Array),
      faults: expect.any(Array),
    });
    expect(faults).toContainEqual({
      name: "init-twice-allowed",
      summary: expect.any(String),
      guarantees: ["init.already-initialized"],
    });
  });

  it("is readable without --json", async () => {
    const { out } = await timerconf(["list"]);
    expect(out).toMatch(/^init.already-initialized {2}since Linux 5.15$/m);
  });
});

it("timerconf kernels lists the series", async () => {
  const { code, out } = await timerconf(["kernels"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^kernel:6.12 /m);
});
