/** What a replayed case did, and what its guarantee says of it. */
import type { CaseVerdict } from "../conformance/judge-case.ts";
import { reasonOf } from "../conformance/jury.ts";
import type { Replay } from "../conformance/replay.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { counterexampleText } from "./counterexample-text.ts";
import { indent, labelled, TEXT_WIDTH } from "./indent.ts";
import { afterText, outcomeText } from "./outcome-text.ts";
import { type Paint, plain } from "./paint.ts";
import { scenarioText } from "./scenario-text.ts";

export interface Replayed {
  compiled: CompiledScenario;
  runtime: string;
  /** Of the guarantee that the case is about. */
  statement: string | undefined;
}

type Conclusions = { [K in CaseVerdict["kind"]]: (verdict: Extract<CaseVerdict, { kind: K }>) => string };

const inClause = (clause: string | undefined): string => (clause === undefined ? "" : ` (${clause})`);

const CONCLUSIONS: Conclusions = {
  holds: () => "holds",
  violated: ({ violation, clause }) => `is violated${inClause(clause)}: ${violation.observed}`,
  "not-exercised": () => "is not exercised: the case did not reach its precondition",
  "known-divergence": ({ excuse, clause }) => `is a known divergence${inClause(clause)}: ${reasonOf(excuse)}`,
  error: () => "could not be judged",
};

function conclusion(verdict: CaseVerdict, guarantee: string): string {
  const text = CONCLUSIONS[verdict.kind] as (verdict: CaseVerdict) => string;
  return `${guarantee} ${text(verdict)}`;
}

/** What is said of the case as a whole: by its own guarantee, or where it names none, of all of them. */
function verdictLine({ verdict, outcome, others }: Replay, { origin }: CompiledScenario): string {
  if (verdict !== undefined && origin?.guarantee !== undefined) return conclusion(verdict, origin.guarantee);
  if (origin === undefined) return "the case names no guarantee and no scenario, so nothing was judged";
  if (outcome.kind !== "trace") return "the case left no trace, so nothing was judged";
  const broken = others.filter((other) => other.verdict.kind === "violated").length;
  const count = broken === 0 ? "none" : String(broken);
  return `the case names no guarantee: all of them judged it, and ${count} ${broken > 1 ? "are" : "is"} violated`;
}

/**
 * Draws a replay: a violation as the counterexample it is, anything else as the case and what happened.
 * @throws {ScenarioError} where the trace and the scenario do not belong together
 */
export function replayText(
  result: Replay,
  { compiled, runtime, statement = "" }: Replayed,
  paint: Paint = plain,
): string {
  const { version, outcome, verdict, others } = result;
  const guarantee = compiled.origin?.guarantee;
  const last = [
    `${runtime} is ${version}`,
    ...labelled("", verdictLine(result, compiled), TEXT_WIDTH),
    ...others.flatMap((other) => labelled("", conclusion(other.verdict, other.guarantee.id), TEXT_WIDTH)),
    "",
  ];
  if (verdict?.kind === "violated" && guarantee !== undefined)
    return (
      counterexampleText({ guarantee, runtime, compiled, outcome, verdict, repeats: true }, { statement }, { paint }) +
      ["", ...last].join("\n")
    );
  return [
    ...scenarioText(compiled),
    ...afterText(compiled.origin?.after),
    "steps",
    ...indent(outcomeText(compiled, outcome), 2),
    "",
    ...last,
  ].join("\n");
}
