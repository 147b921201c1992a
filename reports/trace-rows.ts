/** A trace as rows: each step with its result, and beneath it what the log records say happened. */
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { type CallEvent, type FiringEvent, readHistory } from "../scenario/history.ts";
import type { LogRecord, Trace } from "../scenario/trace.ts";
import { operationResult, operationText } from "./operation-text.ts";
import { stepResultText, stepText } from "./step-text.ts";
import { stampText } from "./time-text.ts";

/** One line of a drawing. `step` is set on the first row of a step, `stamp` on the rows of log records. */
export interface Row {
  at: number;
  step: boolean;
  stamp: string;
  text: string;
  result: string;
}

type Happening = Pick<Row, "text" | "result">;

function firing({ callback, program, element: { map, key }, ownElement }: FiringEvent): Happening {
  const element = `${map === null ? "an unknown map" : `m${map}`}[${key}]`;
  const foreign = ownElement ? "" : ", with a value that is not that element's";
  return { text: `callback${callback} of p${program} runs for ${element}${foreign}`, result: "" };
}

function call({ callback, program, index, operation, result }: CallEvent, { origin }: CompiledScenario): Happening {
  const spec = origin?.scenario.programs[program];
  const operations = (callback === null ? spec?.operations : spec?.callbacks[callback]?.operations) ?? [];
  const text = operationText(operations, index);
  return {
    text: callback === null ? text : `callback${callback}: ${text}`,
    result: operationResult(operation.kind, result),
  };
}

/** A record of a case whose scenario is not known: its call site, by number. */
function bare({ site, value, aux }: LogRecord, { sites }: CompiledScenario): Happening {
  const { program, callback, operation } = sites[site] ?? { program: "?", callback: null, operation: "?" };
  const place = `p${program}${callback === null ? "" : ` callback${callback}`}`;
  if (operation === "entry") return { text: `${place} entered`, result: `key ${value >>> 0}, aux ${aux}` };
  return { text: `${place} operation ${operation}`, result: String(value) };
}

/** What happened in each step, in order: by the history where the scenario is known, else by the bare records. */
function happenings(compiled: CompiledScenario, trace: Trace): Happening[][] {
  if (compiled.origin === undefined)
    return trace.steps.map(({ records }) => records.map((record) => bare(record, compiled)));
  const steps: Happening[][] = trace.steps.map(() => []);
  for (const event of readHistory(compiled.origin.scenario, compiled, trace).events)
    if (event.kind !== "step") steps[event.at]?.push(event.kind === "firing" ? firing(event) : call(event, compiled));
  return steps;
}

/** Every line of a message, as rows of their own without a result. */
function messageRows(message: string | undefined, at: number): Row[] {
  if (message === undefined || message === "") return [];
  return message
    .trimEnd()
    .split("\n")
    .map((text) => ({ at, step: false, stamp: "", text, result: "" }));
}

/**
 * A trace as rows. Times count from the end of the first step.
 * @throws {ScenarioError} where trace and scenario do not belong together
 */
export function traceRows(compiled: CompiledScenario, trace: Trace): Row[] {
  const beginNs = trace.steps[0]?.timeNs ?? 0;
  const happened = happenings(compiled, trace);
  return compiled.steps.flatMap((step, at): Row[] => {
    const outcome = trace.steps[at];
    const row = { at, step: true, stamp: "", text: stepText(compiled.origin?.scenario.steps[at] ?? step) };
    if (outcome === undefined) return [{ ...row, result: "not reached" }];
    const records = outcome.records.map((record, index): Row => {
      const { text, result } = happened[at]?.[index] ?? { text: "", result: "" };
      return { at, step: false, stamp: stampText(record.timeNs - beginNs), text, result };
    });
    return [{ ...row, result: stepResultText(outcome) }, ...messageRows(outcome.message, at), ...records];
  });
}
