/** Writing a file so that whoever reads it finds the old content or the new, and never a part. */
import { rename, rm, writeFile } from "node:fs/promises";

/**
 * Writes to a temporary file in the same folder, then renames it.
 * @throws {NodeJS.ErrnoException} where the folder cannot be written to; nothing is left behind
 */
export async function writeAtomically(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${process.pid}.tmp`;
  try {
    await writeFile(temporary, content, { flush: true });
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
