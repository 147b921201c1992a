/** The dry run, in a thread of its own: each test once, with the mutants that it reaches. */
import { parentPort, workerData } from "node:worker_threads";
import type { CoverageData, MutantCoverage } from "@stryker-mutator/api/core";
import { type TestResult, TestStatus } from "@stryker-mutator/api/test-runner";
import { failureOf } from "./failure-of.ts";
import { setInstruments } from "./instrumented.ts";
import { Sandbox } from "./sandbox.ts";

export interface DryRun {
  readonly tests: TestResult[];
  readonly mutantCoverage: MutantCoverage;
}

/** How often each mutant was reached, by its number. */
const hits: number[] = new Array<number>(1 << 16).fill(0);

/** What was reached since this was called last. */
function reached(): CoverageData {
  const data: CoverageData = {};
  hits.forEach((count, mutant) => {
    if (count > 0) data[mutant] = count;
  });
  hits.fill(0);
  return data;
}

setInstruments({
  isActive: () => false,
  cover: (...mutants) => {
    for (const mutant of mutants) hits[mutant] = (hits[mutant] ?? 0) + 1;
  },
});
const sandbox = await Sandbox.load(workerData as readonly string[]);
const dryRun: DryRun = { tests: [], mutantCoverage: { static: reached(), perTest: {} } };
for (const test of sandbox.tests.values()) {
  const { id, name, file } = test;
  const begunMs = performance.now();
  const failureMessage = await sandbox.run(test).then(() => undefined, failureOf);
  const common = { id, name, fileName: file.replace(/js$/, "ts"), timeSpentMs: performance.now() - begunMs };
  if (failureMessage === undefined) dryRun.tests.push({ ...common, status: TestStatus.Success });
  else dryRun.tests.push({ ...common, status: TestStatus.Failed, failureMessage });
  dryRun.mutantCoverage.perTest[id] = reached();
}
parentPort?.postMessage(dryRun);
