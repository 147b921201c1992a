/** The folder of what is costly to get and can be had again: kernel images and the built agent. */
import { mkdirSync, mkdtempSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join } from "node:path";
import { RuntimeUnavailable } from "../harness.ts";

/** A path inside the cache; nothing is created. */
export function cachePath(...parts: string[]): string {
  const base = process.env.XDG_CACHE_HOME || join(homedir(), ".cache");
  return join(base, "bpf-timer-conformance", ...parts);
}

/**
 * Fills a temporary folder and moves it into place when it is whole, so that an interrupted or a concurrent run never
 * leaves or finds half an entry. Another process that was faster wins.
 * @throws {RuntimeUnavailable} where the cache cannot be written, and whatever `fill` throws
 */
export async function fillCacheEntry(entry: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const temporary = makeTemporaryFolder(entry);
  try {
    await fill(temporary);
    renameSync(temporary, entry);
  } catch (error) {
    if (!isCode(error, "ENOTEMPTY") && !isCode(error, "EEXIST")) throw error;
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

function makeTemporaryFolder(entry: string): string {
  try {
    mkdirSync(dirname(entry), { recursive: true });
    return mkdtempSync(`${entry}.part-`);
  } catch (error) {
    throw new RuntimeUnavailable(
      `the cache ${dirname(entry)} cannot be written (${message(error)}): set XDG_CACHE_HOME to a folder that can`,
    );
  }
}

/** Whether an error is the system error of that code. */
export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

/** What an error says, on one line. */
export function message(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return text.trim().split("\n")[0] ?? "";
}
