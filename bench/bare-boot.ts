/** How long QEMU alone takes to a first program of a kernel: what no harness around it can be faster than. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import { command } from "../harness/kernel/command.ts";
import { encodeCpio } from "../harness/kernel/cpio.ts";
import { packageRoot } from "../harness/kernel/package-root.ts";
import { type Accelerator, machineArguments, QEMU_PROGRAM } from "../harness/kernel/qemu.ts";

/** Boots the kernel with our machine's arguments, but without our devices; milliseconds to its init. */
export async function bareBootMs(kernel: string, accelerator: Accelerator): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "timerconf-bench-"));
  try {
    const init = join(folder, "init");
    const built = await command(["cc", "-static", "-O2", "-o", init, join(packageRoot(), "bench", "bare-init.c")]);
    if (!built.ok) throw new Error(`bare-init.c does not compile: ${built.complaint}`);
    const initramfs = join(folder, "initramfs.cpio.gz");
    await writeFile(initramfs, gzipSync(encodeCpio([{ name: "init", mode: 0o100755, data: await readFile(init) }])));
    return await msToInit([...machineArguments({ kernel, initramfs, accelerator }), "-serial", "stdio"]);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function msToInit(argv: readonly string[]): Promise<number> {
  const from = performance.now();
  const qemu = spawn(QEMU_PROGRAM, argv, { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(qemu, "close");
  let ms = Number.NaN;
  for await (const line of createInterface({ input: qemu.stdout }))
    if (line.includes("REACHED")) ms = performance.now() - from;
  await closed;
  if (Number.isNaN(ms)) throw new Error("QEMU ended before it had reached init");
  return ms;
}
