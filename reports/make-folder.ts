/** Folders for results. */
import { existsSync } from "node:fs";
import { mkdir, stat } from "node:fs/promises";
import { dirname } from "node:path";
import { isCode } from "../harness/kernel/cache.ts";

/**
 * Makes a folder and those above it. Node's own recursive form never returns where a parent exists and yet takes no
 * entries, as /proc does.
 * @throws {Error} the system's, where it cannot be made
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder);
  } catch (error) {
    if (isCode(error, "EEXIST") && (await stat(folder)).isDirectory()) return;
    if (!isCode(error, "ENOENT") || existsSync(dirname(folder))) throw error;
    await makeFolder(dirname(folder));
    await mkdir(folder);
  }
}
