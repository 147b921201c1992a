/** A line from a runtime as the outcome of the case that it answers. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { TRACE_FORMAT, TRACE_VERSION, type Trace } from "../../scenario/trace.ts";
import type { Outcome } from "../harness.ts";
import { SHOWN_CHARACTERS } from "./child.ts";
import { misfitOf } from "./fitting-trace.ts";
import { type Answer, answerSchema } from "./protocol.ts";

/** A line that answers nothing, and why. */
export class NoAnswer extends Error {
  override readonly name = "NoAnswer";
}

const shown = (text: string): string =>
  text.length <= SHOWN_CHARACTERS ? text : `${text.slice(0, SHOWN_CHARACTERS)}… (${text.length} characters)`;

/** Control characters are not for a terminal. */
const printable = (text: string): string => shown(text).replaceAll(/[^\x20-\x7e…]/g, "?");

/**
 * The JSON value in a line.
 * @throws {NoAnswer} where it holds none
 */
export function readJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new NoAnswer(`it wrote a line that is no JSON: ${printable(line)}`);
  }
}

/**
 * The number of the case that a line answers, and what it says of it.
 * @throws {NoAnswer} where it is no answer to anything
 */
export function readAnswer(line: string): { id: number; answer: Answer | { error: string } } {
  const value = readJson(line);
  const parsed = answerSchema.safeParse(value);
  if (parsed.success) return { id: parsed.data.id, answer: parsed.data };
  const id = typeof value === "object" && value !== null && "id" in value ? value.id : undefined;
  if (typeof id !== "number") throw new NoAnswer(`it wrote a line that answers no case: ${printable(line)}`);
  const issues = parsed.error.issues.flatMap((issue) => (issue.code === "invalid_union" ? issue.errors[0] : [issue]));
  const [first] = issues;
  const where = first === undefined || first.path.length === 0 ? "" : ` at ${first.path.join(".")}`;
  return { id, answer: { error: `its answer is none${where}: ${first?.message ?? "unreadable"}` } };
}

/** The trace of a case of which only the results of its loads are known: maps were made, and nothing took time. */
function traceOfLoads(loads: readonly number[], { steps }: CompiledScenario): Trace | string {
  const results = [...loads];
  const given = steps.map(({ kind }, at) => ({
    result: kind === "load-program" ? (results.shift() ?? Number.NaN) : 0,
    timeNs: at,
    records: [],
  }));
  const wanted = steps.filter(({ kind }) => kind === "load-program").length;
  if (loads.length !== wanted) return `${loads.length} results of loads, the case has ${wanted}`;
  return { format: TRACE_FORMAT, version: TRACE_VERSION, steps: given, droppedRecords: 0, complaints: [] };
}

/** What an answer to a case makes of it. */
export function outcomeOf(
  answer: Answer | { error: string },
  scenario: CompiledScenario,
  { executes, processors }: { executes: boolean; processors: number },
): Outcome {
  if ("error" in answer) return { kind: "error", reason: printable(answer.error) };
  if ("loads" in answer && executes) return { kind: "error", reason: "it said that it executes, and gave loads alone" };
  const trace = "loads" in answer ? traceOfLoads(answer.loads, scenario) : answer.trace;
  const misfit = typeof trace === "string" ? trace : misfitOf(trace, scenario, processors);
  if (misfit !== undefined) return { kind: "error", reason: `its trace is not one of this case: ${misfit}` };
  return { kind: "trace", trace: trace as Trace };
}
