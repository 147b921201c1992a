/** A guest of our machine with a small program of C as its only user space, and without anything of the harness. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { gzipSync } from "node:zlib";
import { command } from "../harness/kernel/command.ts";
import { encodeCpio } from "../harness/kernel/cpio.ts";
import { type Accelerator, machineArguments, QEMU_PROGRAM } from "../harness/kernel/qemu.ts";
import { packageRoot } from "../harness/package-root.ts";

export interface BareGuest {
  kernel: string;
  accelerator: Accelerator;
  /** The file beside this one that is compiled to be its init. */
  source: string;
  /** Headers that it includes, by name. */
  headers?: Readonly<Record<string, string>>;
  /** Gets each line of the console with the milliseconds since QEMU was started. */
  line(text: string, ms: number): void;
}

/**
 * Runs the guest until it ends by itself.
 * @throws {Error} where its program does not compile
 */
export async function runBareGuest({ kernel, accelerator, source, headers = {}, line }: BareGuest): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), "timerconf-bench-"));
  try {
    for (const [name, text] of Object.entries(headers)) await writeFile(join(folder, name), text);
    const init = join(folder, "init");
    const file = join(packageRoot(), "bench", source);
    const built = await command(["cc", "-static", "-O2", "-I", folder, "-o", init, file]);
    if (!built.ok) throw new Error(`${source} does not compile: ${built.complaint}`);
    const initramfs = join(folder, "initramfs.cpio.gz");
    await writeFile(initramfs, gzipSync(encodeCpio([{ name: "init", mode: 0o100755, data: await readFile(init) }])));
    const argv = [...machineArguments({ kernel, initramfs, accelerator }), "-serial", "stdio"];
    const startMs = performance.now();
    const qemu = spawn(QEMU_PROGRAM, argv, { stdio: ["ignore", "pipe", "inherit"] });
    const closed = once(qemu, "close");
    for await (const text of createInterface({ input: qemu.stdout })) line(text, performance.now() - startMs);
    await closed;
  } finally {
    await rm(folder, { recursive: true });
  }
}
