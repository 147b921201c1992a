/** report.json, and the JSON Schema that describes it. */
import { join } from "node:path";
import { z } from "zod";
import { type Results, resultsSchema } from "../conformance/results.ts";
import { writeAtomically } from "./atomic-write.ts";
import { makeFolder } from "./make-folder.ts";

export const RESULTS_FILE = "report.json";
const RESULTS_SCHEMA_FILE = "report.schema.json";

/** What is written for results: equal results give equal bytes. */
export const resultsJson = (results: Results): string => `${JSON.stringify(results, null, 2)}\n`;

/** The JSON Schema of report.json. */
export function resultsSchemaJson(): string {
  const schema = { title: "Results of timerconf run", ...z.toJSONSchema(resultsSchema) };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

/**
 * Makes the folder for results ready, and puts the schema of report.json there.
 * @throws {NodeJS.ErrnoException} where it cannot be made or written to
 */
export async function prepareResultsFolder(folder: string): Promise<void> {
  await makeFolder(folder);
  await writeAtomically(join(folder, RESULTS_SCHEMA_FILE), resultsSchemaJson());
}

/**
 * Writes report.json in place of any that is there, and returns its path.
 * @throws {NodeJS.ErrnoException} where it cannot be written
 */
export async function writeResults(folder: string, results: Results): Promise<string> {
  const path = join(folder, RESULTS_FILE);
  await writeAtomically(path, resultsJson(results));
  return path;
}
