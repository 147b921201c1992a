/**
 * Cases per second on a real kernel, as a ratio to the same work as a bare C loop in the same kind of guest:
 * `npm run bench`, or `node dist/bench/kernel.js 6.12` for another series than 6.1.
 */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import { callback, init, lookup, program, run, scenario, setCallback, start } from "../generators/build.ts";
import { SIMPLE_MAP } from "../generators/map.ts";
import { command } from "../harness/kernel/command.ts";
import { encodeCpio } from "../harness/kernel/cpio.ts";
import { findKernelImage } from "../harness/kernel/image.ts";
import { openKernel } from "../harness/kernel/index.ts";
import { packageRoot } from "../harness/kernel/package-root.ts";
import { machineArguments } from "../harness/kernel/qemu.ts";
import { compile } from "../scenario/compile.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { rate } from "./rate.ts";

const WARM_UP = 64;
const CASES = 512;
const RUNS = 5;

const bench = compile(
  scenario(
    [SIMPLE_MAP],
    [program([lookup(0, 0), init(0, 1), setCallback(0), start(1_000_000)], [callback()])],
    Array.from({ length: RUNS }, () => run()),
  ),
);

const bytes = (hex: string): string => Buffer.from(hex, "hex").join(",");

/** The case as C: the header that bare-loop.c includes. */
function caseHeader({ btf, maps: [map, log], programs: [only], logMap }: CompiledScenario): string {
  if (map === undefined || log === undefined || only === undefined) throw new Error("the case has no program");
  const relocations = only.relocations.map((relocation) => {
    if (relocation.kind !== "map") throw new Error("the case calls a kfunc");
    return `{${relocation.instruction * 8 + 4},${Number(relocation.map === logMap)}}`;
  });
  return [
    `static const unsigned char BTF[] = {${bytes(btf)}};`,
    `static const unsigned char INSTRUCTIONS[] = {${bytes(only.instructions)}};`,
    `static const struct { int offset, is_log; } RELOCATIONS[] = {${relocations.join(",")}};`,
    `static const unsigned int FUNC_INFO[] = {${only.funcInfo.flatMap((each) => [each.instruction, each.typeId]).join(",")}};`,
    `enum { LOG_VALUE_SIZE = ${log.valueSize}, VALUE_SIZE = ${map.valueSize}, KEY_TYPE = ${map.btfKeyTypeId},`,
    `VALUE_TYPE = ${map.btfValueTypeId}, WARM_UP = ${WARM_UP}, CASES = ${CASES} };`,
  ].join("\n");
}

/** Bare cases a second, by the wall clock of this machine. */
async function bareRate(kernel: string): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "timerconf-bench-"));
  try {
    await writeFile(join(folder, "case.h"), caseHeader(bench));
    const init = join(folder, "init");
    const source = join(packageRoot(), "bench", "bare-loop.c");
    const built = await command(["cc", "-static", "-O2", "-I", folder, "-o", init, source]);
    if (!built.ok) throw new Error(`bare-loop.c does not compile: ${built.complaint}`);
    const initramfs = join(folder, "initramfs.cpio.gz");
    const archive = encodeCpio([{ name: "init", mode: 0o100755, data: await readFile(init) }]);
    await writeFile(initramfs, gzipSync(archive));
    const machine = machineArguments({ kernel, initramfs, accelerator: "tcg" });
    const qemu = spawn("qemu-system-x86_64", [...machine, "-serial", "stdio"], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    let startMs = Number.NaN;
    let endMs = Number.NaN;
    for await (const line of createInterface({ input: qemu.stdout })) {
      if (line.includes("FAILED")) throw new Error(`the bare loop failed: ${line}`);
      if (line.includes("MARK start")) startMs = performance.now();
      if (line.includes("MARK end")) endMs = performance.now();
    }
    return (CASES * 1000) / (endMs - startMs);
  } finally {
    await rm(folder, { recursive: true });
  }
}

const series = process.argv[2] ?? "6.1";
const progress = (line: string): void => console.error(line);
const kernel = await findKernelImage({ kind: "series", series }, progress);
const bare = await bareRate(kernel);
const harness = await openKernel(`kernel:${series}`, { progress });
const batch = (count: number) => async (): Promise<number> => (await harness.run(Array(count).fill(bench))).length;
await batch(WARM_UP)();
const whole = await rate(batch(CASES));
await harness.close();
console.log(`kernel:${series}, scenario in, trace out: ${whole.toFixed(0)} cases/s`);
console.log(`the same as a bare C loop:        ${bare.toFixed(0)} cases/s; ratio ${(whole / bare).toFixed(2)}`);
