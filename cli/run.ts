/** `timerconf run`: guarantees × runtimes, judged, saved and shown. */
import type { Counterexample } from "../conformance/counterexample.ts";
import type { GuaranteeResult, Results } from "../conformance/results.ts";
import { runConformance } from "../conformance/run.ts";
import { caseFileName, writeCase } from "../reports/case-file.ts";
import { counterexampleText } from "../reports/counterexample-text.ts";
import { indent } from "../reports/indent.ts";
import { paintFor } from "../reports/paint.ts";
import { prepareResultsFolder, writeResults } from "../reports/results-file.ts";
import { terminalTable } from "../reports/terminal-table.ts";
import { type Guarantee, statementOf } from "../specs/guarantee.ts";
import type { ExitCode } from "./exit-code.ts";
import { readExpectations } from "./expectations.ts";
import { complain, type Io } from "./io.ts";
import { checkMachineOptions, type MachineOptions } from "./options.ts";
import { Progress } from "./progress.ts";
import { isKernel, runExitCode } from "./run-exit-code.ts";
import { Safekeeping } from "./safekeeping.ts";
import { selectGuarantees } from "./select-guarantees.ts";
import { UsageError } from "./usage-error.ts";
import { wholeCatalogue } from "./whole-catalogue.ts";

export interface RunCommandOptions extends MachineOptions {
  runtime: readonly string[];
  guarantee: readonly string[];
  /** A folder of guarantees of the user, which join the catalogue. */
  guarantees?: string;
  cases: number;
  seed: number;
  out: string;
  requireKernel?: true;
  /** Files of expectations. */
  expect: readonly string[];
  /** A recorded divergence that no longer shows is a failure. */
  strict?: true;
}

const DEFAULT_RUNTIMES = ["emulator", "kernel"] as const;

function selectRuntimes(named: readonly string[], requireKernel: boolean): string[] {
  const runtimes = [...new Set(named.length === 0 ? DEFAULT_RUNTIMES : named)];
  if (requireKernel && !runtimes.some(isKernel))
    throw new UsageError("--require-kernel needs a kernel to run: add --runtime kernel");
  return runtimes;
}

/** Shows and saves what a run finds, as it finds it. */
class Findings {
  readonly safekeeping: Safekeeping;
  readonly progress: Progress;
  readonly #io: Io;
  readonly #guarantees: readonly Guarantee[];
  readonly #failures = new Set<string>();

  constructor(io: Io, folder: string, guarantees: readonly Guarantee[]) {
    this.#io = io;
    this.#guarantees = guarantees;
    this.progress = new Progress(io.err);
    this.safekeeping = new Safekeeping(folder, (message) => {
      this.progress.clear();
      complain(io, message);
    });
  }

  show(text: string): void {
    this.progress.clear();
    this.#io.out.write(text);
  }

  /** Saves a counterexample and draws it; gives the name of its file. */
  async counterexample(found: Counterexample): Promise<string | undefined> {
    const name = caseFileName(found.guarantee, found.runtime);
    const file = await this.safekeeping.save((folder) => writeCase(folder, name, found.compiled));
    const guarantee = this.#guarantees.find(({ id }) => id === found.guarantee);
    const statement = guarantee === undefined ? "" : statementOf(guarantee);
    const paint = paintFor(this.#io.out.isTTY, this.#io.env);
    this.show(`\n${counterexampleText(found, { statement }, { file, paint })}`);
    return file === undefined ? undefined : name;
  }

  /** Shows in full, consoles included, why a guarantee could not be judged; a reason that was shown before, not again. */
  failure({ guarantee, runtime, reason = "" }: GuaranteeResult): void {
    if (this.#failures.has(reason)) return;
    this.#failures.add(reason);
    this.show(`\n${[`${guarantee} could not be judged on ${runtime}`, ...indent(reason.split("\n"), 2)].join("\n")}\n`);
  }

  async conclude(results: Results, table: typeof terminalTable): Promise<void> {
    const file = await this.safekeeping.save((folder) => writeResults(folder, results));
    this.show(`\n${table(results, { file, paint: paintFor(this.#io.out.isTTY, this.#io.env) })}`);
  }
}

/** How a run differs from an ordinary one. */
export interface RunVariant {
  /** What was found before, and is not judged again. */
  earlier?: Results | undefined;
  table?: typeof terminalTable;
}

/**
 * Runs the guarantees. However it ends, what was found until then is saved and shown.
 * @throws {UsageError | UnknownRuntime} where a name means nothing
 */
export async function runCommand(options: RunCommandOptions, io: Io, variant: RunVariant = {}): Promise<ExitCode> {
  const { cases, seed, out, append, qemuArg } = options;
  const runtimes = selectRuntimes(options.runtime, options.requireKernel === true);
  checkMachineOptions(options, runtimes);
  const catalogue = await wholeCatalogue(options.guarantees);
  const guarantees = selectGuarantees(catalogue, options.guarantee);
  const expectations = await readExpectations(options.expect, catalogue);
  const findings = new Findings(io, out, catalogue);
  const { progress, safekeeping } = findings;
  const count = guarantees.length === 1 ? "1 guarantee" : `${guarantees.length} guarantees`;
  findings.show(`seed ${seed}: ${count} on ${runtimes.join(", ")}, up to ${cases} cases each\n`);
  await safekeeping.save(prepareResultsFolder);
  let results: Results | undefined;
  try {
    results = await runConformance({
      runtimes,
      guarantees,
      catalogue,
      expectations,
      cases,
      seed,
      append,
      qemuArg,
      signal: io.signal,
      earlier: variant.earlier,
      progress: (line) => progress.say(line),
      found: (counterexample) => findings.counterexample(counterexample),
      async judged(result, soFar) {
        // Not complete before the end, so that a run that is killed leaves no report that looks finished.
        results = { ...soFar, complete: false };
        await safekeeping.save((folder) => writeResults(folder, { ...soFar, complete: false }));
        if (result.verdict === "error") findings.failure(result);
        const { runtime, guarantee, verdict, exercised } = result;
        const drawn = soFar.runtimes.reduce((sum, each) => sum + each.drawn.length, 0);
        const done = `[${drawn}/${guarantees.length * runtimes.length}]`;
        progress.say(`${done} ${runtime}: ${guarantee} ${verdict} ${exercised}/${result.cases}`);
      },
    });
  } finally {
    progress.clear();
    if (results !== undefined) await findings.conclude(results, variant.table ?? terminalTable);
  }
  const { requireKernel = false, strict = false } = options;
  return runExitCode(results, { requireKernel, strict, unsaved: safekeeping.failed });
}
