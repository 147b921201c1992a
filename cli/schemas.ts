/** `timerconf schemas`: the JSON Schemas of the protocol and of saved cases. */
import { join } from "node:path";
import { schemaFiles } from "../conformance/schemas.ts";
import { writeAtomically } from "../reports/atomic-write.ts";
import { makeFolder } from "../reports/make-folder.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { isSystemError, systemErrorText } from "./system-error.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Writes each schema into a folder.
 * @throws {UsageError} where that cannot be done
 */
export async function schemasCommand({ out }: { out: string }, io: Io): Promise<ExitCode> {
  try {
    await makeFolder(out);
    for (const [name, text] of schemaFiles()) await writeAtomically(join(out, name), text);
  } catch (error) {
    if (isSystemError(error)) throw new UsageError(`cannot write to ${out}: ${systemErrorText(error)}`);
    throw error;
  }
  io.out.write(`${schemaFiles().size} schemas in ${out}\n`);
  return EXIT.ok;
}
