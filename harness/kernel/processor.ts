/**
 * One processor of the host for each guest that counts instructions, so that its runs repeat to the byte.
 *
 * QEMU's main thread moves the guest's clock on when it finds the guest's processor idle (icount_start_warp_timer), and
 * it may look at the wrong moment: where the thread that executes the guest (rr_cpu_thread_fn) has said that it halts,
 * but not yet counted its last instructions (icount_process_data), or where it has stopped for our doorbell
 * (qemu_cpu_stop) and the main thread has not yet stopped the machine (do_vm_stop). Then the clock is some nanoseconds
 * off, or is at the guest's next tick. On one processor, with the scheduling policy for batch work, under which a
 * thread that wakes does not interrupt one that runs, the main thread looks when the other has gone to sleep.
 */
import { readdirSync, readFileSync } from "node:fs";
import { command } from "./command.ts";

const STATUS = "/proc/self/status";

/** How many guests of this process are bound to each processor. */
const taken = new Map<number, number>();
let canBind: Promise<boolean> | undefined;

const binding = (processor: number): string[] => ["taskset", "-c", `${processor}`, "chrt", "--batch", "0"];

/** The numbers that the kernel writes as `0-3,8`. */
export function parseProcessors(list: string): number[] {
  return [...list.matchAll(/(\d+)(?:-(\d+))?/g)].flatMap(([, first, last = first]) => {
    const count = Number(last) - Number(first) + 1;
    return Array.from({ length: count }, (_, index) => Number(first) + index);
  });
}

const processorsIn = (status: string): number[] =>
  parseProcessors(/^Cpus_allowed_list:\s*(.*)$/m.exec(status)?.[1] ?? "");

/** The processors to which other processes' guests are bound. */
function takenByOthers(): number[] {
  return readdirSync("/proc").flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      if (!readFileSync(`/proc/${name}/comm`, "utf8").startsWith("qemu-system")) return [];
      const status = readFileSync(`/proc/${name}/status`, "utf8");
      const processors = processorsIn(status);
      return processors.length > 1 || /^PPid:\s*(\d+)$/m.exec(status)?.[1] === `${process.pid}` ? [] : processors;
    } catch {
      return []; /* it has ended since */
    }
  });
}

/** The first of the processors that the fewest guests are bound to. */
export function leastTaken(processors: readonly number[], bound: readonly number[]): number | undefined {
  const load = (processor: number): number => bound.filter((each) => each === processor).length;
  return [...processors].sort((a, b) => load(a) - load(b))[0];
}

/** A processor for one guest: what to put before QEMU's command line, and what to call when that has ended. */
export interface BoundProcessor {
  prefix: string[];
  release(): void;
}

/** A processor that is as free as any; none where `taskset` and `chrt` (util-linux) do not work here. */
export async function takeProcessor(): Promise<BoundProcessor> {
  const allowed = processorsIn(readFileSync(STATUS, "utf8"));
  canBind ??= command([...binding(allowed[0] ?? 0), "true"]).then(({ ok }) => ok);
  if (!(await canBind)) return { prefix: [], release: () => {} };
  const own = [...taken].flatMap(([processor, count]) => Array<number>(count).fill(processor));
  const processor = leastTaken(allowed, [...own, ...takenByOthers()]) ?? 0;
  taken.set(processor, (taken.get(processor) ?? 0) + 1);
  return {
    prefix: binding(processor),
    release: () => void taken.set(processor, (taken.get(processor) ?? 1) - 1),
  };
}
