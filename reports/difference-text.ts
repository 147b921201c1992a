/** A difference between two runtimes, drawn as diff(1) would: `-` for the left side alone, `+` for the right. */
import type { FoundDifference } from "../conformance/diff.ts";
import type { Outcome } from "../harness/harness.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { indent } from "./indent.ts";
import { afterText, complaintLines, failureText } from "./outcome-text.ts";
import { type Paint, plain } from "./paint.ts";
import { replayCommand } from "./replay-command.ts";
import { rowLines } from "./row-text.ts";
import { scenarioText } from "./scenario-text.ts";
import { type Row, traceRows } from "./trace-rows.ts";

export interface DifferenceTextOptions {
  /** Where the case was saved; without it, no replay command is shown. */
  file?: string | undefined;
  paint?: Paint;
}

type Side = " " | "-" | "+";
interface SidedRow {
  side: Side;
  row: Row;
}

/** Times differ a little between any two runtimes; what is said must be equal. */
const sameRow = (left: Row, right: Row): boolean => left.text === right.text && left.result === right.result;

/** The rows of one step from both sides: each common one once, and from the first that differs both lists. */
function mergeStep(left: readonly Row[], right: readonly Row[]): SidedRow[] {
  const merged: SidedRow[] = [];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [one, other] = [left[index], right[index]];
    if (one !== undefined && other !== undefined && sameRow(one, other)) {
      merged.push({ side: " ", row: one });
      continue;
    }
    if (one !== undefined) merged.push({ side: "-", row: one });
    if (other !== undefined) merged.push({ side: "+", row: other });
  }
  return merged;
}

const rowsOf = (compiled: CompiledScenario, outcome: Outcome): Row[] =>
  outcome.kind === "trace" ? traceRows(compiled, outcome.trace) : [];

function sidedRows(compiled: CompiledScenario, [left, right]: FoundDifference["outcomes"]): SidedRow[] {
  const [one, other] = [rowsOf(compiled, left), rowsOf(compiled, right)];
  if (left.kind !== "trace" || right.kind !== "trace") return [...one, ...other].map((row) => ({ side: " ", row }));
  return compiled.steps.flatMap((_, at) =>
    mergeStep(
      one.filter((row) => row.at === at),
      other.filter((row) => row.at === at),
    ),
  );
}

const STYLE = { " ": undefined, "-": "bad", "+": "good" } as const;

function painted(side: Side, line: string, paint: Paint): string {
  const style = STYLE[side];
  return style === undefined ? `${side} ${line}` : paint(style, `${side} ${line}`);
}

/** What a side has to say besides its rows: why it gave no trace, or what its kernel complained of. */
function trouble(side: Side, outcome: Outcome, paint: Paint): string[] {
  const lines = outcome.kind === "trace" ? complaintLines(outcome.trace) : failureText(outcome);
  return lines.map((line) => painted(side, line, paint));
}

/**
 * Draws a difference between two runtimes.
 * @throws {ScenarioError} where a trace and the scenario do not belong together
 */
export function differenceText(
  { difference, compiled, outcomes, repeats }: FoundDifference,
  [left, right]: readonly [string, string],
  { file, paint = plain }: DifferenceTextOptions = {},
): string {
  const rows = sidedRows(compiled, outcomes);
  const lines = rowLines(rows.map(({ row }) => row));
  const { at, what } = difference;
  return [
    paint("bad", `${left} and ${right} differ at step ${at}: ${what}`),
    "",
    ...scenarioText(compiled),
    ...afterText(compiled.origin?.after),
    "steps",
    painted("-", left, paint),
    painted("+", right, paint),
    ...rows.map(({ side }, index) => painted(side, lines[index] ?? "", paint)),
    ...trouble("-", outcomes[0], paint),
    ...trouble("+", outcomes[1], paint),
    "",
    ...sides([left, right], [difference.left, difference.right]),
    ...(repeats ? [] : ["seen once, and not when it was run again"]),
    ...(file === undefined
      ? []
      : [
          "again",
          ...indent(
            [left, right].map((name) => replayCommand(file, name)),
            2,
          ),
        ]),
    "",
  ].join("\n");
}

function sides(names: readonly [string, string], values: readonly [string, string]): string[] {
  const width = Math.max(...names.map((name) => name.length));
  return names.map((name, index) => `${name.padEnd(width)}  ${values[index] ?? ""}`);
}
