/** What the operating system refuses is a matter of the file that was named, and said in one line. */
import { writeAtomically } from "../reports/atomic-write.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { isSystemError, systemErrorText } from "./system-error.ts";
import { UsageError } from "./usage-error.ts";

/**
 * Does something with files.
 * @throws {UsageError} `what` could not be done, and why
 */
export async function orUsageError<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (isSystemError(error)) throw new UsageError(`${what}: ${systemErrorText(error)}`);
    throw error;
  }
}

/**
 * Writes text into a file, or to standard output where none is named.
 * @throws {UsageError} where the file cannot be written
 */
export async function put(text: string, out: string | undefined, io: Io): Promise<ExitCode> {
  if (out === undefined) io.out.write(text);
  else await orUsageError(`cannot write ${out}`, () => writeAtomically(out, text));
  return EXIT.ok;
}
