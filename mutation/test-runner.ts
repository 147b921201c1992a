/**
 * A test runner for Stryker that loads all tests once a process, and then only switches mutants: to collect the tests
 * anew for each of thousands of mutants is what would take the time. docs/MUTATION.md says what came of it.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { StrykerOptions } from "@stryker-mutator/api/core";
import { commonTokens, declareClassPlugin, declareValuePlugin, PluginKind, tokens } from "@stryker-mutator/api/plugin";
import {
  type DryRunOptions,
  type DryRunResult,
  DryRunStatus,
  type MutantRunOptions,
  type MutantRunResult,
  MutantRunStatus,
  type TestRunner,
  type TestRunnerCapabilities,
} from "@stryker-mutator/api/test-runner";
import { ActiveMutant } from "./active-mutant.ts";
import { DrawnCases } from "./drawn-cases.ts";
import type { DryRun } from "./dry-run.ts";
import { failureOf } from "./failure-of.ts";
import { setInstruments, shareInstruments } from "./instrumented.ts";
import { KillRates } from "./kill-rates.ts";
import { LineReporter } from "./reporter.ts";
import { Sandbox } from "./sandbox.ts";

/** What `inProcess` in stryker.config.mjs says. */
interface InProcessOptions {
  /** Compiled test files, from the root of the project. */
  testFiles: readonly string[];
  /** How much processor time may be spent on a mutant: one that nothing has killed by then has survived. */
  budgetMs: number;
}

/** A test may take this many times what it took in the dry run, and this much on top, before its mutant hangs. */
const SLOWER_MAX = 10;
const SLOWER_MS = 1000;

export class InProcessTestRunner implements TestRunner {
  static readonly inject = tokens(commonTokens.options);
  readonly #options: InProcessOptions;
  readonly #mutant = new ActiveMutant();
  #loaded: { sandbox: Sandbox; rates: KillRates } | undefined;

  constructor(options: StrykerOptions) {
    this.#options = options.inProcess as InProcessOptions;
  }

  /** What is loaded stays: Stryker starts another process for mutants of code that runs while modules load. */
  capabilities(): TestRunnerCapabilities {
    return { reloadEnvironment: false };
  }

  async dryRun({ files = [] }: DryRunOptions): Promise<DryRunResult> {
    await shareInstruments(files.map((file) => file.replace(/\.ts$/, ".js")));
    const worker = new Worker(new URL("./dry-run.js", import.meta.url), { workerData: this.#options.testFiles });
    const [dryRun] = (await once(worker, "message")) as [DryRun];
    await KillRates.of(dryRun).save();
    return { status: DryRunStatus.Complete, ...dryRun };
  }

  async mutantRun({ activeMutant, mutantActivation, testFilter }: MutantRunOptions): Promise<MutantRunResult> {
    const mutant = Number(activeMutant.id);
    this.#mutant.limit(Number.POSITIVE_INFINITY);
    if (mutantActivation === "static") this.#mutant.activate(mutant);
    const { sandbox, rates } = await this.#load();
    this.#mutant.activate(mutant);
    const result = await this.#try(testFilter ?? [...sandbox.tests.keys()]);
    this.#mutant.activate(-1);
    await rates.save();
    return result;
  }

  async #load() {
    setInstruments({ isActive: this.#mutant.isActive, cover: () => undefined });
    this.#loaded ??= { sandbox: await Sandbox.load(this.#options.testFiles), rates: await KillRates.load() };
    return this.#loaded;
  }

  /** Runs tests until one fails, or until the time that a mutant has is over. */
  async #try(ids: readonly string[]): Promise<MutantRunResult> {
    const { sandbox, rates } = await this.#load();
    const begun = process.cpuUsage();
    const spentMs = (): number => {
      const { user, system } = process.cpuUsage(begun);
      return (user + system) / 1000;
    };
    let nrOfTests = 0;
    for (const id of rates.ordered(ids)) {
      const test = sandbox.tests.get(id);
      if (test === undefined) throw new Error(`the dry run had a test ${id}, and now there is none`);
      if (spentMs() > this.#options.budgetMs) break;
      nrOfTests++;
      this.#mutant.limit(SLOWER_MS + SLOWER_MAX * rates.timeMsOf(id));
      const failureMessage = await sandbox.run(test).then(() => undefined, failureOf);
      if (this.#mutant.isStopped) return { status: MutantRunStatus.Timeout, reason: `${test.file}: ${test.name}` };
      rates.count(id, failureMessage !== undefined);
      if (failureMessage !== undefined)
        return { status: MutantRunStatus.Killed, killedBy: [id], failureMessage, nrOfTests };
    }
    return { status: MutantRunStatus.Survived, nrOfTests };
  }
}

export const strykerPlugins = [
  declareClassPlugin(PluginKind.TestRunner, "in-process", InProcessTestRunner),
  declareClassPlugin(PluginKind.Reporter, "lines", LineReporter),
  declareValuePlugin(PluginKind.Ignore, "drawn-cases", new DrawnCases()),
];

/** What `inProcess` may be in stryker.config.mjs. */
export const strykerValidationSchema = {
  type: "object",
  properties: {
    inProcess: {
      type: "object",
      additionalProperties: false,
      required: ["testFiles", "budgetMs"],
      properties: { testFiles: { type: "array", items: { type: "string" } }, budgetMs: { type: "number" } },
    },
  },
};
