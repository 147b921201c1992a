/** Objects and what is expected of them: `NAME.o`, and `NAME.json` beside it. */
import { join } from "node:path";
import type { ObjectLoads } from "../conformance/object-loads.ts";
import { writeAtomically } from "./atomic-write.ts";
import { makeFolder } from "./make-folder.ts";

/**
 * Writes both into a folder, which is made if need be, and returns the object's path.
 * @throws {NodeJS.ErrnoException} where they cannot be written
 */
export async function writeObject(
  folder: string,
  name: string,
  object: Uint8Array,
  loads: ObjectLoads,
): Promise<string> {
  await makeFolder(folder);
  const path = join(folder, `${name}.o`);
  await writeAtomically(path, object);
  await writeAtomically(join(folder, `${name}.json`), `${JSON.stringify(loads, null, 2)}\n`);
  return path;
}
