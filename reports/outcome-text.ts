/** What became of one case on one runtime, whatever it was. */
import type { Outcome } from "../harness/harness.ts";
import type { CompiledScenario, Origin } from "../scenario/compiled-scenario.ts";
import type { Trace } from "../scenario/trace.ts";
import { indent } from "./indent.ts";
import { rowLines } from "./row-text.ts";
import { traceRows } from "./trace-rows.ts";

/** The last lines of a console are those that say why it went silent. */
const CONSOLE_LINES_MAX = 40;

/** That other cases have to run before a case, of which only the file tells more. */
export function afterText(after: Origin["after"] = []): string[] {
  if (after.length === 0) return [];
  return [
    `after ${after.length === 1 ? "1 other case" : `${after.length} other cases`} in the same guest, saved with it`,
  ];
}

/** Why there is no trace, with the end of the console. */
export function failureText(outcome: Exclude<Outcome, { kind: "trace" }>): string[] {
  if (outcome.kind === "error") return [outcome.reason];
  return [outcome.reason, ...indent(outcome.console.trimEnd().split("\n").slice(-CONSOLE_LINES_MAX), 2)];
}

/** What the kernel complained of. */
export const complaintLines = ({ complaints }: Trace): string[] =>
  complaints.length === 0 ? [] : ["the kernel complained:", ...indent(complaints, 2)];

/** The steps with what they gave and the kernel's complaints, or why there is no trace. */
export function outcomeText(compiled: CompiledScenario, outcome: Outcome): string[] {
  if (outcome.kind !== "trace") return failureText(outcome);
  const { droppedRecords } = outcome.trace;
  return [
    ...rowLines(traceRows(compiled, outcome.trace)),
    ...(droppedRecords === 0 ? [] : [`${droppedRecords} log records did not fit into the log map`]),
    ...complaintLines(outcome.trace),
  ];
}
