/** `timerconf schemas`: the JSON Schemas of the protocol and of saved cases. */
import { join } from "node:path";
import { schemaFiles } from "../conformance/schemas.ts";
import { writeAtomically } from "../reports/atomic-write.ts";
import { makeFolder } from "../reports/make-folder.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { orUsageError } from "./or-usage-error.ts";

/**
 * Writes each schema into a folder.
 * @throws {UsageError} where that cannot be done
 */
export async function schemasCommand({ out }: { out: string }, io: Io): Promise<ExitCode> {
  const files = schemaFiles();
  await orUsageError(`cannot write to ${out}`, async () => {
    await makeFolder(out);
    for (const [name, text] of files) await writeAtomically(join(out, name), text);
  });
  io.out.write(`${files.size} schemas in ${out}\n`);
  return EXIT.ok;
}
