/** An answer of the agent as the outcome of a scenario. */
import { z } from "zod";
import { traceSchema } from "../../scenario/trace.ts";
import type { Outcome } from "../harness.ts";

const errorSchema = z.strictObject({ error: z.string() });
const SHOWN_CHARACTERS = 200;

/** The trace in one line of the agent's, or the error it gives instead; a line that is neither is an error too. */
export function readOutcome(line: string): Outcome {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return { kind: "error", reason: `the agent answered no JSON: ${line.slice(0, SHOWN_CHARACTERS)}` };
  }
  const trace = traceSchema.safeParse(value);
  if (trace.success) return { kind: "trace", trace: trace.data };
  const error = errorSchema.safeParse(value);
  if (error.success) return { kind: "error", reason: error.data.error };
  const [issue] = trace.error.issues;
  const where = issue?.path.join(".");
  return { kind: "error", reason: `the agent answered no trace: ${where}: ${issue?.message}` };
}
