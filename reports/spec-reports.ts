/** Reading report.json files back. */
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Results, resultsSchema } from "../conformance/results.ts";
import { ScenarioError } from "../scenario/scenario-error.ts";

/** The .json files that a path names: itself, or those in it where it is a folder, by name. */
async function reportFiles(path: string): Promise<string[]> {
  if (!(await stat(path)).isDirectory()) return [path];
  const names = (await readdir(path)).filter((name) => name.endsWith(".json") && !name.endsWith(".schema.json"));
  return names.sort().map((name) => join(path, name));
}

async function readReport(path: string): Promise<Results> {
  const text = await readFile(path, "utf8");
  try {
    return resultsSchema.parse(JSON.parse(text));
  } catch {
    throw new ScenarioError(`${path} is not a report of timerconf run`);
  }
}

/**
 * The reports in these files and folders, in order.
 * @throws {ScenarioError} where a file holds something else
 * @throws {NodeJS.ErrnoException} where one cannot be read
 */
export async function readReports(paths: readonly string[]): Promise<Results[]> {
  const files = await Promise.all(paths.map(reportFiles));
  return Promise.all(files.flat().map(readReport));
}
