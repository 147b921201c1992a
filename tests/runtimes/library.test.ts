/** The package as others use it: built, installed in a folder outside of the repository, with a catalogue of their own. */
import { execFile } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import packageJson from "../../package.json" with { type: "json" };

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const BUILD_MS = 120_000;
const installed = (name: string): string => join(ROOT, "node_modules", name);

let folder = "";
let library = "";

interface Ended {
  code: number | string;
  out: string;
  err: string;
}

/** What became of a Node program that was started in the folder. */
const node = (argv: readonly string[], env: Record<string, string> = {}): Promise<Ended> =>
  new Promise((resolve) => {
    const options = { cwd: folder, env: { ...process.env, ...env }, maxBuffer: 2 ** 26 };
    execFile(process.execPath, [...argv], options, (error, out, err) => resolve({ code: error?.code ?? 0, out, err }));
  });

const timerconf = (...argv: string[]) => node([join(library, "dist/cli/timerconf.js"), ...argv]);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "timerconf-library-"));
  library = join(folder, "node_modules/bpf-timer-conformance");
  await mkdir(library, { recursive: true });
  const tsc = ["-p", join(ROOT, "tsconfig.build.json"), "--outDir", join(library, "dist"), "--sourceMap", "false"];
  expect(await node([join(installed("typescript"), "bin/tsc"), ...tsc])).toEqual({ code: 0, out: "", err: "" });
  await cp(join(ROOT, "package.json"), join(library, "package.json"));
  for (const name of [...Object.keys(packageJson.dependencies), "vitest"])
    await symlink(installed(name), join(folder, "node_modules", name));
  await cp(join(ROOT, "examples/catalogue"), join(folder, "catalogue"), { recursive: true });
  await cp(join(ROOT, "examples/vitest"), join(folder, "tests"), { recursive: true });
}, BUILD_MS);
afterAll(() => rm(folder, { recursive: true }));

describe("a catalogue outside of the repository", () => {
  const run = (runtime: string, ...more: string[]) =>
    timerconf(
      ...["run", "--runtime", runtime, "--guarantees", "catalogue", "--guarantee", "own.*"],
      ...["--cases", "20", "--seed", "3", "--out", "out", ...more],
    );

  it("holds on the emulator, and is broken by its fault, with a case that replays", async () => {
    const healthy = await run("emulator");
    expect(healthy.code).toBe(0);
    expect(healthy.out).toContain("1 guarantee on emulator");
    const runtime = "emulator+fault=set-callback-fails";
    const broken = await run(runtime);
    expect(broken.code).toBe(1);
    expect(broken.out).toContain(`own.cancel-keeps-timer, clause returns is violated on ${runtime}`);
    const file = join("out", `own.cancel-keeps-timer--${runtime}.json`);
    const again = await timerconf("replay", file, "--runtime", runtime, "--guarantees", "catalogue");
    expect(again).toMatchObject({ code: 1, out: expect.stringContaining("own.cancel-keeps-timer is violated") });
    const without = await timerconf("replay", file, "--runtime", runtime);
    expect(without).toMatchObject({
      code: 2,
      err: expect.stringMatching(/names the guarantee own\.cancel-keeps-timer/),
    });
  });

  it("is judged with the catalogue of the package, and listed behind it", async () => {
    await run("emulator+fault=set-callback-fails");
    const report = JSON.parse(await readFile(join(folder, "out/report.json"), "utf8"));
    const judged = report.results.map(({ guarantee }: { guarantee: string }) => guarantee);
    // The fault breaks promises of the package too, which judges the same traces.
    expect(judged).toEqual(expect.arrayContaining(["own.cancel-keeps-timer", "set-callback.succeeds"]));
    const listed = JSON.parse((await timerconf("list", "--json", "--guarantees", "catalogue")).out);
    expect(listed.guarantees.at(-1)).toMatchObject({
      id: "own.cancel-keeps-timer",
      sources: [{ document: "own/timers", title: "How our runtime treats timers", place: "section 2" }],
    });
  });
});

describe("the recipe for vitest", () => {
  const vitest = (runtime: string) =>
    node([join(installed("vitest"), "vitest.mjs"), "run", "--root", folder], { TIMER_RUNTIME: runtime, NO_COLOR: "1" });

  it("has a test for each guarantee, and they pass", async () => {
    const { code, out } = await vitest("emulator:6.12");
    expect(out).toMatch(/Tests +\d+ passed \(\d+\)/);
    expect(code).toBe(0);
  });

  it("fails the test of the guarantee that is broken, with the smallest case", async () => {
    const { code, out, err } = await vitest("emulator:6.12+fault=init-twice-allowed");
    expect(out).toMatch(/Tests +[1-9]\d* failed \| [1-9]\d* passed/);
    expect(out).toContain("× 'init.already-initialized'");
    expect(err).toContain("init.already-initialized, clause returns is violated on");
    expect(code).toBe(1);
  });
});

describe("a catalogue that cannot be used is refused in one line that names file and member", () => {
  const GOOD = {
    id: "own.a",
    citations: [{ document: "d", title: "t", place: "p" }],
    since: "5.15",
    clauses: [{ name: "a", words: "A.", check: "CHECK", faults: [] }],
    scenarios: [{ maps: [], programs: [], steps: [] }],
  };
  const [clause] = GOOD.clauses;
  const moduleOf = (value: unknown): string =>
    `const check = () => { throw new Error("no luck"); };\nexport default ${JSON.stringify(value)};\n`.replaceAll(
      '"CHECK"',
      "check",
    );

  it.each<[string, string, string]>([
    ["no list", moduleOf({}), "default: Invalid input: expected array"],
    ["an id", moduleOf([{ ...GOOD, id: "Own" }]), 'default[0].id: an id is "subject.promise"'],
    ["an id twice", moduleOf([GOOD, GOOD]), "default[1].id: own.a is an id of bad"],
    ["an id of ours", moduleOf([{ ...GOOD, id: "init.succeeds" }]), "default[0].id: init.succeeds is an id of the cat"],
    ["no clause", moduleOf([{ ...GOOD, clauses: [] }]), "default[0].clauses: a guarantee has a clause"],
    ["a clause twice", moduleOf([{ ...GOOD, clauses: [clause, clause] }]), "default[0].clauses[1].name: a is a clause"],
    ["a check", moduleOf([{ ...GOOD, clauses: [{ ...clause, check: 1 }] }]), "default[0].clauses[0].check: a check is"],
    ["no citation", moduleOf([{ ...GOOD, citations: [] }]), "default[0].citations: a guarantee cites"],
    [
      "no title",
      moduleOf([{ ...GOOD, citations: [{ document: "d", place: "p" }] }]),
      "default[0].citations[0]: the title",
    ],
    ["a typo", moduleOf([{ ...GOOD, sinse: "5.15" }]), 'default[0]: Unrecognized key: "sinse"'],
    ["scenarios", moduleOf([{ ...GOOD, scenarios: [{}] }]), "default[0].scenarios[0].maps: "],
    ["no JavaScript", "export default [", "cannot be loaded: "],
    ["no package", 'import "no-such-package";', "cannot be loaded: Cannot find package 'no-such-package'"],
  ])("%s", async (name, text, message) => {
    const own = join(folder, "bad", name.replaceAll(" ", "-"));
    await mkdir(own, { recursive: true });
    const file = join(own, "bad.mjs");
    await writeFile(file, text);
    const { code, out, err } = await timerconf("list", "--guarantees", own);
    expect({ code, out }).toEqual({ code: 2, out: "" });
    expect(err).toMatch(/^timerconf: [^\n]+\n$/);
    expect(err.startsWith(`timerconf: ${file}`)).toBe(true);
    expect(err).toContain(message.replace("of bad", `of ${own}/bad`));
  });

  it("a check that throws, a folder without modules, none at all", async () => {
    const own = join(folder, "throws");
    await mkdir(own);
    const list = () => timerconf("run", "--runtime", "emulator", "--guarantee", "own.*", "--guarantees", own);
    expect((await list()).err).toMatch(
      /^timerconf: .*throws holds no guarantees: there is no \.js or \.mjs file in it\n$/,
    );
    await writeFile(join(own, "bad.mjs"), moduleOf([GOOD]));
    expect((await list()).err).toMatch(/bad\.mjs, default\[0\]\.clauses\[0\]\.check: it threw no luck\n$/);
    await writeFile(join(own, "bad.mjs"), moduleOf([GOOD]).replace(/throw new [^;]*/, "return {}"));
    expect((await list()).err).toMatch(/bad\.mjs, default\[0\]\.clauses\[0\]\.check: it gave no judgement: /);
    await rm(own, { recursive: true });
    expect((await list()).err).toMatch(/^timerconf: cannot read the guarantees in .*: there is no such file\n$/);
  });
});
