/** Objects of cases through libbpf on real kernels: the results that stand beside them. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ERRNO } from "../../bpf/errno.ts";
import { casesFor } from "../../conformance/cases.ts";
import { type ObjectLoads, objectLoads } from "../../conformance/object-loads.ts";
import { anyScenario } from "../../generators/scenario.ts";
import { encodeCpio } from "../../harness/kernel/cpio.ts";
import { findKernelImage } from "../../harness/kernel/image.ts";
import { parseKernelName } from "../../harness/kernel/kernel-name.ts";
import { machineArguments, QEMU_PROGRAM } from "../../harness/kernel/qemu.ts";
import { compile } from "../../scenario/compile.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { objectOf } from "../../scenario/object/object.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";
import { readElf } from "../unit/bpf/read-elf.ts";

/** CASES=3 for more cases of each guarantee, RANDOM=200 for more random scenarios; RELEASE=6.1 for another kernel. */
const CASES = Number(process.env.CASES ?? 1);
const RANDOM = Number(process.env.RANDOM ?? 20);
const RELEASE = process.env.RELEASE ?? "6.12";
const SEED = 3;
const LIMIT_MS = CASES === 1 && RANDOM === 20 ? 280_000 : 3_600_000;
const SOURCE = join(import.meta.dirname, "load-objects.c");
const FOLDER_MODE = 0o040755;
const EXECUTABLE_FILE_MODE = 0o100755;
const FILE_MODE = 0o100644;

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "timerconf-kernel-objects-"));
});
afterAll(() => rm(folder, { recursive: true }));

const run = promisify(execFile);

/** A guest's first file system: the loader as /init, and the objects by number. */
async function initramfsOf(objects: readonly Uint8Array[]): Promise<string> {
  const loader = join(folder, "load-objects");
  const flags = ["-std=gnu11", "-static", "-O2", "-Wall", "-Wextra", "-Werror"];
  await run("cc", [...flags, "-o", loader, SOURCE, "-lbpf", "-lelf", "-lz"]);
  const archive = encodeCpio([
    { name: "init", mode: EXECUTABLE_FILE_MODE, data: await readFile(loader) },
    { name: "objects", mode: FOLDER_MODE, data: new Uint8Array() },
    ...objects.map((data, at) => ({ name: `objects/${at}.o`, mode: FILE_MODE, data })),
  ]);
  const path = join(folder, "initramfs.cpio.gz");
  await writeFile(path, gzipSync(archive));
  return path;
}

/** What the loader in a guest says of each object: results by program. */
async function loadsInGuest(objects: readonly Uint8Array[]): Promise<Record<string, number | string>[]> {
  const initramfs = await initramfsOf(objects);
  const kernel = await findKernelImage(parseKernelName(`kernel:${RELEASE}`), console.error);
  const machine = machineArguments({ kernel, initramfs, accelerator: "tcg" });
  const options = { maxBuffer: 1 << 28, timeout: LIMIT_MS, killSignal: "SIGKILL" } as const;
  const { stdout } = await run(QEMU_PROGRAM, [...machine, "-serial", "stdio", "-monitor", "none"], options);
  const lines = stdout.split(/\r?\n/).filter((line) => line.startsWith('{"object"'));
  return lines.map((line) => JSON.parse(line));
}

/** The first cases of every guarantee, and random scenarios. */
async function drawn(): Promise<CompiledScenario[]> {
  const guaranteed = (await loadCatalogue()).flatMap((guarantee) => casesFor(guarantee, SEED, CASES).slice(0, CASES));
  const random = fc.sample(anyScenario, { seed: SEED, numRuns: RANDOM });
  return [...guaranteed.map(({ compiled }) => compiled), ...random.map(compile)];
}

/** What is expected of each program loaded alone; of one that libbpf refuses of itself, that. */
function expectedOf({ releases }: ObjectLoads, object: Uint8Array): Record<string, number> {
  const { maps = {}, programs = {} } = releases[RELEASE] ?? {};
  const refusedMap = Object.values(maps).find((result) => result < 0);
  const elf = readElf(object);
  const names = elf.symbols.map(({ name }) => name).filter((name) => /^p\d+$/.test(name));
  const expected = (name: string): number =>
    elf.symbol(name).section === "freplace" ? -ERRNO.EINVAL : (refusedMap ?? programs[name] ?? Number.NaN);
  return Object.fromEntries(names.map((name) => [name, expected(name)]));
}

describe("objects of every guarantee and of random scenarios, through libbpf", () => {
  test(`have on Linux ${RELEASE} the results that are written beside them`, { timeout: LIMIT_MS }, async () => {
    const cases = await drawn();
    const objects = cases.map((each) => objectOf(each));
    const loads = await objectLoads(cases);
    const expected = loads.map((each, at) => ({ at, ...expectedOf(each, objects[at] as Uint8Array) }));
    const seen = (await loadsInGuest(objects)).map(({ object: _, ...results }, at) => ({ at, ...results }));
    expect(seen).toEqual(expected);
    const results = seen.flatMap(({ at: _, ...each }) => Object.values(each));
    const refused = results.filter((result) => result !== 0);
    console.info(`${objects.length} objects, ${results.length} programs, ${refused.length} of them refused`);
    expect(refused.length).toBeGreaterThan(objects.length / 10);
  });
});
