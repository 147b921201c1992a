/** `timerconf agent`: the program that executes cases on the kernel it runs on, to be carried there. */
import { chmod, copyFile } from "node:fs/promises";
import { buildAgent } from "../harness/kernel/agent-build.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { orUsageError } from "./or-usage-error.ts";
import { Progress } from "./progress.ts";

const EXECUTABLE = 0o755;

/**
 * Writes the static binary.
 * @throws {RuntimeUnavailable} where it cannot be built
 * @throws {UsageError} where it cannot be written
 */
export async function agentCommand({ out }: { out: string }, io: Io): Promise<ExitCode> {
  const progress = new Progress(io.err);
  const { program } = await buildAgent((line) => progress.say(line)).finally(() => progress.clear());
  await orUsageError(`cannot write ${out}`, async () => {
    await copyFile(program, out);
    await chmod(out, EXECUTABLE);
  });
  io.out.write(`${out}: as root on any Linux machine, timerconf run --runtime 'process:${out} --parallel 8'\n`);
  return EXIT.ok;
}
