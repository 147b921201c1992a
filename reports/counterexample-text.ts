/** A counterexample as a person reads it: what was promised, what was run, what was expected and what came. */
import type { Counterexample } from "../conformance/counterexample.ts";
import { isTroubled } from "../harness/complaints.ts";
import { indent, labelled, TEXT_WIDTH } from "./indent.ts";
import { afterText, outcomeText } from "./outcome-text.ts";
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
 * The steps with what they gave, the one at which a violation shows marked with `>`; or what else there is to see,
 * where there is no trace or the kernel complained.
 */
function stepLines({ compiled, outcome, verdict }: Counterexample, paint: Paint): string[] {
  if (outcome.kind !== "trace" || verdict.kind !== "violated" || isTroubled(outcome))
    return indent(outcomeText(compiled, outcome), 2);
  const rows = traceRows(compiled, outcome.trace);
  return rowLines(rows).map((line, index) => {
    const row = rows[index];
    const marked = row?.step === true && row.at === verdict.violation.at;
    return marked ? paint("bad", `> ${line}`) : `  ${line}`;
  });
}

const HEADLINES = { violated: "is violated on", error: "could not be judged on" } as const;

/**
 * Draws a counterexample.
 * @throws {ScenarioError} where its trace and its scenario do not belong together
 */
export function counterexampleText(
  counterexample: Counterexample,
  { statement }: { statement: string },
  { file, paint = plain }: CounterexampleTextOptions = {},
): string {
  const { guarantee: id, runtime, compiled, verdict, repeats } = counterexample;
  const { after } = compiled.origin ?? {};
  const clause = verdict.kind === "violated" && verdict.clause !== undefined ? `, clause ${verdict.clause}` : "";
  return [
    paint("bad", `${id}${clause} ${HEADLINES[verdict.kind]} ${runtime}`),
    ...indent(labelled("", statement, TEXT_WIDTH - 2), 2),
    "",
    ...scenarioText(compiled),
    ...afterText(after),
    "steps",
    ...stepLines(counterexample, paint),
    "",
    ...(verdict.kind === "violated"
      ? [
          ...labelled("expected  ", verdict.violation.expected, TEXT_WIDTH),
          ...labelled("observed  ", verdict.violation.observed, TEXT_WIDTH),
        ]
      : []),
    ...(repeats || verdict.kind === "error" ? [] : ["seen      once, and not when it was run again"]),
    ...(file === undefined ? [] : [`again     ${replayCommand(file, runtime)}`]),
    "",
  ].join("\n");
}
