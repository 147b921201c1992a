/**
 * What other programs may import: the formats, the guarantees, the runtimes and the engine that brings them together.
 * An export that came later than the module says so above it, with a `@since` of its own.
 * @since 0.1.0
 */
export { type Case, casesFor } from "./conformance/cases.ts";
export { checkGuarantee, type GuaranteeOutcome } from "./conformance/check-guarantee.ts";
export type { Counterexample } from "./conformance/counterexample.ts";
export { type DiffOptions, type DiffResult, runDiff } from "./conformance/diff.ts";
export { type Replay, type ReplayOptions, replay } from "./conformance/replay.ts";
export { isGreen, type Results, resultsSchema, type Verdict } from "./conformance/results.ts";
export { type RunOptions, runConformance } from "./conformance/run.ts";
export { openRuntime } from "./conformance/runtime.ts";
export { type Clock, type Harness, type Outcome, RuntimeUnavailable, UnknownRuntime } from "./harness/harness.ts";
export { readCase, writeCase } from "./reports/case-file.ts";
export { counterexampleText } from "./reports/counterexample-text.ts";
export { terminalTable } from "./reports/terminal-table.ts";
export { compile } from "./scenario/compile.ts";
export { type CompiledScenario, compiledScenarioSchema } from "./scenario/compiled-scenario.ts";
export { type History, readHistory } from "./scenario/history.ts";
export { type Scenario, scenarioSchema } from "./scenario/scenario.ts";
export { ScenarioError } from "./scenario/scenario-error.ts";
export { type Trace, traceSchema } from "./scenario/trace.ts";
export { loadCatalogue } from "./specs/catalogue.ts";
export { Reading } from "./specs/checks/reading.ts";
export {
  type Check,
  type Citation,
  type Clause,
  type Guarantee,
  type Judgement,
  statementOf,
  type Violation,
} from "./specs/guarantee.ts";
export { loadGuarantees } from "./specs/own-catalogue.ts";
