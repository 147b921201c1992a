/** A counterexample as a person reads it: what was promised, what was run, what was expected and what came. */
import type { Counterexample } from "../conformance/counterexample.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { indent, labelled, TEXT_WIDTH } from "./indent.ts";
import { type Paint, plain } from "./paint.ts";
import { replayCommand } from "./replay-command.ts";
import { rowLines } from "./row-text.ts";
import { scenarioText } from "./scenario-text.ts";
import { traceRows } from "./trace-rows.ts";

export interface CounterexampleTextOptions {
  /** Where the case was saved; without it, no replay command is shown. */
  file?: string | undefined;
  paint?: Paint;
}

/**
 * Draws a counterexample. The step at which the violation shows is marked with `>`.
 * @throws {ScenarioError} where its trace and its scenario do not belong together
 */
export function counterexampleText(
  { guarantee: id, runtime, compiled, violation, history }: Counterexample,
  { statement }: Pick<Guarantee, "statement">,
  { file, paint = plain }: CounterexampleTextOptions = {},
): string {
  const rows = traceRows(compiled, history.trace);
  const steps = rowLines(rows).map((line, index) => {
    const row = rows[index];
    const marked = row?.step === true && row.at === violation.at;
    return marked ? paint("bad", `> ${line}`) : `  ${line}`;
  });
  return [
    paint("bad", `${id} is violated on ${runtime}`),
    ...indent(labelled("", statement, TEXT_WIDTH - 2), 2),
    "",
    ...scenarioText(compiled),
    "steps",
    ...steps,
    "",
    ...labelled("expected  ", violation.expected, TEXT_WIDTH),
    ...labelled("observed  ", violation.observed, TEXT_WIDTH),
    ...(file === undefined ? [] : [`again     ${replayCommand(file, runtime)}`]),
    "",
  ].join("\n");
}
