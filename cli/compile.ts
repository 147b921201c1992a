/** `timerconf compile`: a case from a scenario that somebody wrote down. */
import { caseText, compileScenarioFile } from "../reports/case-file.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { orUsageError, put } from "./or-usage-error.ts";

/**
 * Compiles the scenario in a file and writes the case.
 * @throws {UsageError | ScenarioError} where the file cannot be used, or the case not be written
 */
export async function compileCommand(file: string, { out }: { out?: string }, io: Io): Promise<ExitCode> {
  const compiled = await orUsageError(`cannot read ${file}`, () => compileScenarioFile(file));
  return put(caseText(compiled), out, io);
}
