/** The agent: built from its C sources when they are new, and packed alone as a guest's first file system. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { RuntimeUnavailable } from "../harness.ts";
import { packageRoot } from "../package-root.ts";
import { cachePath, fillCacheEntry } from "./cache.ts";
import { command } from "./command.ts";
import { encodeCpio } from "./cpio.ts";
import { C_COMPILER, ensureDependencies, JSON_LIBRARY } from "./dependencies.ts";

const COMPILE = ["cc", "-std=gnu11", "-static", "-O2", "-Wall"];
const LIBRARIES = ["-ljson-c"];
const EXECUTABLE_FILE_MODE = 0o100755;

export interface Agent {
  /** The program, to be run as it is on a Linux machine. */
  program: string;
  /** A gzip cpio archive with the program as /init. */
  initramfs: string;
}

function sources(): { folder: string; files: string[]; hash: string } {
  const folder = join(packageRoot(), "harness", "kernel", "agent");
  const files = readdirSync(folder).filter((name) => /\.[ch]$/.test(name));
  const hash = createHash("sha256").update([...COMPILE, ...LIBRARIES].join(" "));
  for (const file of files.sort()) hash.update(`\0${file}\0`).update(readFileSync(join(folder, file)));
  return { folder, files, hash: hash.digest("hex").slice(0, 16) };
}

/**
 * The built agent, from the cache where its sources have not changed.
 * @throws {RuntimeUnavailable} where it cannot be built, with what to do
 */
export async function buildAgent(progress: (line: string) => void): Promise<Agent> {
  const { folder, files, hash } = sources();
  const entry = cachePath("agent", hash);
  const agent = { program: join(entry, "agent"), initramfs: join(entry, "initramfs.cpio.gz") };
  if (existsSync(agent.initramfs)) return agent;

  await ensureDependencies([C_COMPILER, JSON_LIBRARY], progress);
  progress("building the guest agent");
  await fillCacheEntry(entry, async (temporary) => {
    const program = join(temporary, "agent");
    const units = files.filter((name) => name.endsWith(".c")).map((name) => join(folder, name));
    const built = await command([...COMPILE, "-o", program, ...units, ...LIBRARIES]);
    if (!built.ok) throw new RuntimeUnavailable(`the guest agent does not compile here: ${built.complaint}`);
    const archive = encodeCpio([{ name: "init", mode: EXECUTABLE_FILE_MODE, data: readFileSync(program) }]);
    writeFileSync(join(temporary, "initramfs.cpio.gz"), gzipSync(archive, { level: 9 }));
  });
  return agent;
}
