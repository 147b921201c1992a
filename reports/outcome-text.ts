/** What became of one case on one runtime, whatever it was. */
import type { Outcome } from "../harness/harness.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { indent } from "./indent.ts";
import { rowLines } from "./row-text.ts";
import { traceRows } from "./trace-rows.ts";

/** The last lines of a console are those that say why it went silent. */
const CONSOLE_LINES_MAX = 40;

/** Why there is no trace, with the end of the console. */
export function failureText(outcome: Exclude<Outcome, { kind: "trace" }>): string[] {
  if (outcome.kind === "error") return [outcome.reason];
  return [outcome.reason, ...indent(outcome.console.trimEnd().split("\n").slice(-CONSOLE_LINES_MAX), 2)];
}

/** The steps with what they gave and the kernel's complaints, or why there is no trace. */
export function outcomeText(compiled: CompiledScenario, outcome: Outcome): string[] {
  if (outcome.kind !== "trace") return failureText(outcome);
  const { complaints, droppedRecords } = outcome.trace;
  return [
    ...rowLines(traceRows(compiled, outcome.trace)),
    ...(droppedRecords === 0 ? [] : [`${droppedRecords} log records did not fit into the log map`]),
    ...complaints.flatMap((complaint) => ["the kernel complained:", ...indent(complaint.split("\n"), 2)]),
  ];
}
