/** The tools that read BPF objects, and libbpf behind bpftool, on objects of cases. They have to be installed. */
import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../cli/main.ts";
import { objectLoadsSchema } from "../../conformance/object-loads.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";
import { fakeIo } from "../unit/cli/fake-io.ts";

/** One process for each object. */
const TOOLS_MS = 120_000;

let folder = "";
let objects: string[] = [];

async function exportTo(into: string, ...more: string[]): Promise<{ code: number; err: string; out: string }> {
  const { io, err, out } = fakeIo();
  const code = await main(["export", "--elf", into, "--seed", "7", ...more], io);
  return { code, err: err(), out: out() };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "timerconf-objects-"));
  await exportTo(folder, "--guarantee", "*", "--cases", "1");
  objects = (await readdir(folder)).filter((name) => name.endsWith(".o"));
});
afterAll(() => rm(folder, { recursive: true }));

/** What a tool says of some objects; it fails where the tool complains or is not there. */
async function tool(command: string, args: readonly string[], files: readonly string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(command, [...args, ...files], {
    cwd: folder,
    maxBuffer: 1 << 28,
  });
  expect(stderr).toBe("");
  return stdout;
}

const loadsBeside = async (object: string) =>
  objectLoadsSchema.parse(JSON.parse(await readFile(join(folder, object.replace(/o$/, "json")), "utf8")));

describe("the objects of every guarantee's cases", () => {
  it("are there, one for each case and what to expect of it beside it", async () => {
    const catalogue = await loadCatalogue();
    const guarantees = new Set(await Promise.all(objects.map(async (object) => (await loadsBeside(object)).guarantee)));
    expect([...guarantees].sort()).toEqual(catalogue.map(({ id }) => id).sort());
  });

  it("are read by llvm-readelf without a complaint", async () => {
    const said = await tool("llvm-readelf", ["--all"], objects);
    expect(said.match(/EM_BPF/g)).toHaveLength(objects.length);
  });

  it("are taken apart by llvm-objdump, relocations and all", { timeout: TOOLS_MS }, async () => {
    const said = await tool("llvm-objdump", ["-dr"], objects);
    expect(said).toContain("R_BPF_64_64\tm0");
    expect(said).toContain("R_BPF_64_32\tp0_log");
    // A store of a number: LLVM before 17 does not read it, though every Linux knows it.
    const unknown = said.split("\n").filter((line) => line.includes("<unknown>"));
    expect(unknown.filter((line) => !/:\s7a .*<unknown>$/.test(line))).toEqual([]);
  });

  it("are opened by libbpf, one of each guarantee, which finds their programs and maps", {
    timeout: TOOLS_MS,
  }, async () => {
    for (const object of objects.filter((name) => name.endsWith("-001.o"))) {
      const { maps, programs } = (await loadsBeside(object)).releases["7.3"] ?? { maps: {}, programs: {} };
      const skeleton = await tool("bpftool", ["gen", "skeleton"], [object]);
      for (const name of Object.keys(programs)) expect(skeleton).toContain(`struct bpf_program *${name};`);
      for (const name of [...Object.keys(maps), "data"]) expect(skeleton).toContain(`struct bpf_map *${name};`);
    }
  });
});

describe("what to expect of an object", () => {
  const releasesOf = async (guarantee: string) => {
    const loads = await Promise.all(objects.filter((name) => name.startsWith(`${guarantee}-0`)).map(loadsBeside));
    return loads.map(({ releases }) => releases);
  };

  it("differs by release where kernels do", async () => {
    const [releases] = await releasesOf("cancel-async.stops-firing");
    expect(releases?.["6.12"]?.object).toBeLessThan(0);
    expect(releases?.["7.0"]).toMatchObject({ object: 0, mapsWithoutBtf: [] });
  });

  it("takes into account that libbpf makes a map without BTF where the kernel refuses it with", async () => {
    const all = (await releasesOf("verifier.map-types-refused")).flatMap((releases) => Object.values(releases));
    expect(all.filter(({ mapsWithoutBtf }) => mapsWithoutBtf.length > 0)).not.toEqual([]);
  });
});

describe("timerconf export", () => {
  it("writes the object of a saved case", async () => {
    const into = join(folder, "saved");
    const file = join(import.meta.dirname, "../cases/large-key-fires.json");
    expect(await exportTo(into, file)).toMatchObject({ code: 0, out: expect.stringContaining("1 object") });
    expect((await readdir(into)).sort()).toEqual(["large-key-fires.json", "large-key-fires.o"]);
  });

  it("writes the same for the same seed", async () => {
    const again = join(folder, "again");
    await exportTo(again, "--guarantee", "cancel.active", "--cases", "1");
    for (const name of await readdir(again))
      expect(await readFile(join(again, name))).toEqual(await readFile(join(folder, name)));
  });

  it.each([
    ["nothing to export", []],
    ["a case and a guarantee", ["case.json", "--guarantee", "cancel.active"]],
  ])("wants one of the two where there is %s", async (_, more) => {
    expect(await exportTo(folder, ...more)).toMatchObject({
      code: 2,
      err: expect.stringContaining("name what to export"),
    });
  });

  it("says where it cannot write", async () => {
    const { code, err } = await exportTo("/proc/objects", "--guarantee", "cancel.active");
    expect({ code, err }).toEqual({ code: 2, err: expect.stringContaining("cannot write to /proc/objects") });
  });
});
