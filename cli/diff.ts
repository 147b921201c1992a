/** `timerconf diff`: random scenarios on two runtimes, and the first difference. */
import { runDiff } from "../conformance/diff.ts";
import { caseFileName, writeCase } from "../reports/case-file.ts";
import { differenceText } from "../reports/difference-text.ts";
import { paintFor } from "../reports/paint.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { complain, type Io } from "./io.ts";
import { checkMachineOptions, type MachineOptions } from "./options.ts";
import { Progress } from "./progress.ts";
import { Safekeeping } from "./safekeeping.ts";

export interface DiffCommandOptions extends MachineOptions {
  cases: number;
  seed: number;
  out: string;
}

/**
 * Compares two runtimes.
 * @throws {UsageError} where an option is for neither of them
 * @throws {UnknownRuntime | RuntimeUnavailable} where one of them cannot be run
 */
export async function diffCommand(
  left: string,
  right: string,
  { cases, seed, out, append, qemuArg }: DiffCommandOptions,
  io: Io,
): Promise<ExitCode> {
  const machine = { append, qemuArg };
  checkMachineOptions(machine, [left, right]);
  const progress = new Progress(io.err);
  io.out.write(`seed ${seed}: up to ${cases} random scenarios on ${left} and ${right}\n`);
  const say = (line: string) => progress.say(line);
  const options = { left, right, cases, seed, ...machine, signal: io.signal, progress: say };
  const { found, versions, cases: compared } = await runDiff(options).finally(() => progress.clear());
  const names = `${left} (${versions[0]}) and ${right} (${versions[1]})`;
  if (found === undefined) {
    io.out.write(`${names} agree on ${compared} scenarios, seed ${seed}\n`);
    return EXIT.ok;
  }
  const safekeeping = new Safekeeping(out, (message) => complain(io, message));
  const file = await safekeeping.save((folder) => writeCase(folder, caseFileName("diff", left, right), found.compiled));
  io.out.write(`\n${differenceText(found, [left, right], { file, paint: paintFor(io.out.isTTY, io.env) })}\n`);
  io.out.write(`${names} differ on scenario ${compared}, seed ${seed}\n`);
  return safekeeping.failed ? EXIT.usage : EXIT.found;
}
