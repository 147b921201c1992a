/** `timerconf agent`: the program that executes cases on the kernel it runs on, to be carried there. */
import { chmod, copyFile } from "node:fs/promises";
import { buildAgent } from "../harness/kernel/agent-build.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { Progress } from "./progress.ts";
import { isSystemError, systemErrorText } from "./system-error.ts";
import { UsageError } from "./usage-error.ts";

const EXECUTABLE = 0o755;

/**
 * Writes the static binary.
 * @throws {RuntimeUnavailable} where it cannot be built
 * @throws {UsageError} where it cannot be written
 */
export async function agentCommand({ out }: { out: string }, io: Io): Promise<ExitCode> {
  const progress = new Progress(io.err);
  const { program } = await buildAgent((line) => progress.say(line)).finally(() => progress.clear());
  try {
    await copyFile(program, out);
    await chmod(out, EXECUTABLE);
  } catch (error) {
    if (isSystemError(error)) throw new UsageError(`cannot write ${out}: ${systemErrorText(error)}`);
    throw error;
  }
  io.out.write(`${out}: as root on any Linux machine, timerconf run --runtime 'process:${out} --parallel 8'\n`);
  return EXIT.ok;
}
