/** `timerconf replay`: a saved case, once more. */
import type { CaseVerdict } from "../conformance/judge-case.ts";
import { type Replay, replay } from "../conformance/replay.ts";
import { readCase } from "../reports/case-file.ts";
import { paintFor } from "../reports/paint.ts";
import { replayText } from "../reports/replay-text.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { ScenarioError } from "../scenario/scenario-error.ts";
import { type Guarantee, statementOf } from "../specs/guarantee.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { readExpectations } from "./expectations.ts";
import type { Io } from "./io.ts";
import { checkMachineOptions, type MachineOptions } from "./options.ts";
import { orUsageError } from "./or-usage-error.ts";
import { Progress } from "./progress.ts";
import { UsageError } from "./usage-error.ts";
import { wholeCatalogue } from "./whole-catalogue.ts";

export interface ReplayCommandOptions extends MachineOptions {
  runtime: string;
  expect: readonly string[];
  /** A folder of guarantees of the user, which join the catalogue. */
  guarantees?: string;
}

const EXIT_OF: Record<CaseVerdict["kind"], ExitCode> = {
  holds: EXIT.ok,
  "known-divergence": EXIT.ok,
  violated: EXIT.found,
  "not-exercised": EXIT.found,
  error: EXIT.found,
};

/**
 * Reads a saved case, or makes one of a scenario.
 * @throws {UsageError | ScenarioError} where the file cannot be used
 */
export const readSaved = (file: string): Promise<CompiledScenario> =>
  orUsageError(`cannot read ${file}`, () => readCase(file));

/** Runs and draws a case whose parts may contradict one another, which shows only when they are put together. */
async function replayed(
  file: string,
  saved: CompiledScenario,
  { runtime, append, qemuArg, expect, catalogue }: ReplayCommandOptions & { catalogue: readonly Guarantee[] },
  statement: string | undefined,
  io: Io,
) {
  const progress = new Progress(io.err);
  const say = (line: string) => progress.say(line);
  const expectations = await readExpectations(expect, catalogue);
  const options = { signal: io.signal, progress: say, append, qemuArg, expectations, catalogue };
  try {
    const result = await replay(saved, runtime, options);
    const paint = paintFor(io.out.isTTY, io.env);
    return { result, text: replayText(result, { compiled: saved, runtime, statement }, paint) };
  } catch (error) {
    if (error instanceof ScenarioError) throw new UsageError(`${file} contradicts itself: ${error.message}`);
    throw error;
  } finally {
    progress.clear();
  }
}

/** Without a guarantee of its own there is nothing more to judge than whether the case could be run at all. */
function exitCode({ verdict, outcome, others }: Replay): ExitCode {
  if (others.some((other) => other.verdict.kind === "violated")) return EXIT.found;
  if (verdict !== undefined) return EXIT_OF[verdict.kind];
  return outcome.kind === "trace" && outcome.trace.complaints.length === 0 ? EXIT.ok : EXIT.found;
}

/**
 * Executes a saved case and shows what happened.
 * @throws {UsageError | ScenarioError} where the file or an option cannot be used
 * @throws {UnknownRuntime | RuntimeUnavailable} where the runtime cannot be run
 */
export async function replayCommand(file: string, options: ReplayCommandOptions, io: Io): Promise<ExitCode> {
  checkMachineOptions(options, [options.runtime]);
  const saved = await readSaved(file);
  const id = saved.origin?.guarantee;
  const catalogue = await wholeCatalogue(options.guarantees);
  const guarantee = catalogue.find((entry) => entry.id === id);
  if (id !== undefined && guarantee === undefined)
    throw new UsageError(`${file} names the guarantee ${id}, which this version does not have (see timerconf list)`);
  const { result, text } = await replayed(
    file,
    saved,
    { ...options, catalogue },
    guarantee && statementOf(guarantee),
    io,
  );
  io.out.write(text);
  return exitCode(result);
}
