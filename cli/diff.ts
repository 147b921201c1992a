/** `timerconf diff`: random scenarios on two runtimes, and the first difference. */
import { runDiff } from "../conformance/diff.ts";
import { caseFileName, writeCase } from "../reports/case-file.ts";
import { counterexampleText } from "../reports/counterexample-text.ts";
import { differenceText } from "../reports/difference-text.ts";
import { paintFor } from "../reports/paint.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import { statementOf } from "../specs/guarantee.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { readExpectations } from "./expectations.ts";
import { complain, type Io } from "./io.ts";
import { checkMachineOptions, type MachineOptions } from "./options.ts";
import { Progress } from "./progress.ts";
import { Safekeeping } from "./safekeeping.ts";

export interface DiffCommandOptions extends MachineOptions {
  cases: number;
  seed: number;
  out: string;
  expect: readonly string[];
}

/**
 * Compares two runtimes.
 * @throws {UsageError} where an option is for neither of them
 * @throws {UnknownRuntime | RuntimeUnavailable} where one of them cannot be run
 */
export async function diffCommand(
  left: string,
  right: string,
  { cases, seed, out, append, qemuArg, expect }: DiffCommandOptions,
  io: Io,
): Promise<ExitCode> {
  const machine = { append, qemuArg };
  checkMachineOptions(machine, [left, right]);
  const progress = new Progress(io.err);
  io.out.write(`seed ${seed}: up to ${cases} random scenarios on ${left} and ${right}\n`);
  const say = (line: string) => progress.say(line);
  const catalogue = await loadCatalogue();
  const expectations = await readExpectations(expect, catalogue);
  const options = { left, right, cases, seed, expectations, ...machine, signal: io.signal, progress: say };
  const { found, versions, cases: drawn, unasked, violations } = await runDiff(options).finally(() => progress.clear());
  const names = `${left} (${versions[0]}) and ${right} (${versions[1]})`;
  const safekeeping = new Safekeeping(out, (message) => complain(io, message));
  const paint = paintFor(io.out.isTTY, io.env);
  for (const violation of violations) {
    const { guarantee, runtime, compiled } = violation;
    const file = await safekeeping.save((folder) => writeCase(folder, caseFileName(guarantee, runtime), compiled));
    const judge = catalogue.find(({ id }) => id === guarantee);
    const statement = judge === undefined ? "" : statementOf(judge);
    io.out.write(`\n${counterexampleText(violation, { statement }, { file, paint })}\n`);
  }
  if (found !== undefined) {
    const name = caseFileName("diff", left, right);
    const file = await safekeeping.save((folder) => writeCase(folder, name, found.compiled));
    io.out.write(`\n${differenceText(found, [left, right], { file, paint })}\n`);
  }
  const verb = found === undefined ? `agree on ${drawn - unasked} scenarios` : `differ on scenario ${drawn}`;
  const others = unasked === 0 ? "" : ` (${unasked} of ${drawn} take what one of them lacks)`;
  const broken = violations.length === 0 ? "" : `; ${violations.map(({ guarantee }) => guarantee).join(", ")} violated`;
  io.out.write(`${names} ${verb}${others}${broken}, seed ${seed}\n`);
  if (safekeeping.failed) return EXIT.usage;
  return found === undefined && violations.length === 0 ? EXIT.ok : EXIT.found;
}
