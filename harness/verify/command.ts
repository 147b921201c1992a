/** One command of the shell, run to its end: what it exited with, and the last that it printed. */
import { spawn } from "node:child_process";
import { killGroup } from "../kill-group.ts";

/** How much of what it prints is kept. */
const OUTPUT_BYTES_MAX = 1024;
/** What processes that it left may still hold of its output, once they are ended. */
const LAST_WRITES_MS = 200;
/** With these the shell says that there is no such command, or that it cannot be run. */
const NOT_RUN: ReadonlySet<number> = new Set([126, 127]);
/** With 128 and the number of a signal, that it died of that. */
const DIED = { first: 129, last: 159 } as const;

const ENDED = "it was ended";

/** What became of it: a status, or why that says nothing. */
export type Ended = { kind: "exited"; status: number; output: string } | { kind: "not-run" | "failed"; reason: string };

/** The last lines of what was printed, without what is not for a terminal. */
function lastLines(printed: string): string {
  const text = printed.trim().replaceAll(/[^\x20-\x7e\n]/g, "?");
  if (text.length <= OUTPUT_BYTES_MAX) return text;
  const end = text.slice(-OUTPUT_BYTES_MAX);
  return end.slice(end.indexOf("\n") + 1);
}

/** What an exit means; `output` is what was printed. */
function endOf(status: number | null, signal: NodeJS.Signals | null, output: string): Ended {
  const words = output === "" ? "" : `; it printed: ${output}`;
  if (signal !== null) return { kind: "failed", reason: `it died of ${signal}${words}` };
  if (status === null) return { kind: "failed", reason: `it ended without a status${words}` };
  if (NOT_RUN.has(status)) return { kind: "not-run", reason: output === "" ? `exit status ${status}` : output };
  if (status >= DIED.first && status <= DIED.last)
    return { kind: "failed", reason: `it died of signal ${status - DIED.first + 1}${words}` };
  return { kind: "exited", status, output };
}

/**
 * Runs a command in a process group of its own, of which nothing is left when this resolves.
 * @param limitMs the time within which it has to end
 * @param signal ends it before
 */
export function runCommand(command: string, limitMs: number, signal: AbortSignal): Promise<Ended> {
  if (signal.aborted) return Promise.resolve({ kind: "failed", reason: ENDED });
  return new Promise((resolve) => {
    let printed = "";
    let stopped: string | undefined;
    const child = spawn(command, { shell: true, detached: true, stdio: ["ignore", "pipe", "pipe"] });
    const stop = (reason: string): void => {
      stopped ??= reason;
      killGroup(child.pid);
    };
    const late = setTimeout(() => stop(`it did not end within ${limitMs / 1000} s`), limitMs);
    const abort = (): void => stop(ENDED);
    const settle = (ended: Ended): void => {
      clearTimeout(late);
      signal.removeEventListener("abort", abort);
      for (const stream of [child.stdout, child.stderr]) stream?.destroy();
      resolve(stopped === undefined ? ended : { kind: "failed", reason: stopped });
    };
    signal.addEventListener("abort", abort);
    for (const stream of [child.stdout, child.stderr])
      stream?.on("data", (bytes: Buffer) => {
        printed = (printed + bytes.toString("latin1")).slice(-2 * OUTPUT_BYTES_MAX);
      });
    child.on("error", (error) => settle({ kind: "not-run", reason: error.message }));
    child.on("exit", (status, cause) => {
      killGroup(child.pid);
      const settleNow = (): void => settle(endOf(status, cause, lastLines(printed)));
      child.once("close", settleNow);
      // One that left the group holds the output open for as long as it likes.
      setTimeout(settleNow, LAST_WRITES_MS).unref();
    });
  });
}
