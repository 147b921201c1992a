/** What of this machine our guests use, so that a test can see that it is there while they run, and gone afterwards. */
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** What a process is called and whose child it is; undefined where it has ended since. */
function processOf(pid: string): { name: string; parent: number } | undefined {
  try {
    const [, name = "", parent] = /\((.*)\) [A-Z] (\d+) /.exec(readFileSync(`/proc/${pid}/stat`, "utf8")) ?? [];
    return { name, parent: Number(parent) };
  } catch {
    return undefined; /* reading is the only way to find out */
  }
}

function children(isOfInterest: (name: string) => boolean): number[] {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  return pids.flatMap((pid) => {
    const found = processOf(pid);
    return found?.parent === process.pid && isOfInterest(found.name) ? [Number(pid)] : [];
  });
}

/** The processes of QEMU that are our children. */
export const guests = (): number[] => children((name) => name.startsWith("qemu"));

/** Processor time that a process has used, in ticks. */
export function ticksUsed(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8")
    .replace(/^.*\) /, "")
    .split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

const ours = (folder: string): string[] =>
  existsSync(folder) ? readdirSync(folder).filter((name) => name.startsWith("bpf-timer-conformance-")) : [];

/** A descriptor's file without its number; undefined where it was that of the reading itself. */
function openFile(descriptor: string): string[] {
  try {
    return [readlinkSync(`/proc/self/fd/${descriptor}`).replace(/\d+/g, "N")];
  } catch {
    return []; /* reading is the only way to find out */
  }
}

/** Child processes, open files and sockets, and named files: equal before and after where nothing is left behind. */
export function belongings() {
  const open = readdirSync("/proc/self/fd").flatMap(openFile);
  return {
    processes: children(() => true),
    open: open.filter((file) => /^socket|^pipe|bpf-timer-conformance/.test(file)).sort(),
    shared: ours("/dev/shm"),
    temporary: ours(tmpdir()).map((name) => join(tmpdir(), name)),
  };
}
