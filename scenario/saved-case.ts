/** A saved case as JSON, of this version of the format or of one before it. */
import { z } from "zod";
import { COMPILED_SCENARIO_VERSION, type CompiledScenario, compiledScenarioSchema } from "./compiled-scenario.ts";
import { VERSION_2, version2Schema } from "./version-2.ts";

const versionSchema = z.object({ version: z.int() });

/** What is wrong with a value that is no saved case: where in it, and what. */
export interface SavedCaseIssue {
  path: readonly PropertyKey[];
  message: string;
}

/** The case that a JSON value holds, in the present version of the format; or the first thing that is wrong with it. */
export function parseSavedCase(value: unknown): { data: CompiledScenario } | { issue: SavedCaseIssue } {
  const { data } = versionSchema.safeParse(value);
  const version = data?.version ?? COMPILED_SCENARIO_VERSION;
  if (version > COMPILED_SCENARIO_VERSION) {
    const message = `it is of version ${version}, newer than ${COMPILED_SCENARIO_VERSION}, the newest known here`;
    return { issue: { path: ["version"], message } };
  }
  const parsed = (version === VERSION_2 ? version2Schema : compiledScenarioSchema).safeParse(value);
  if (parsed.success) return { data: parsed.data };
  return { issue: parsed.error.issues[0] ?? { path: [], message: "unreadable" } };
}
