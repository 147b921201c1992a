/** matrix.json: what a matrix was asked, beside its report.json, so that it can be taken up again. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { z } from "zod";
import { type Request, requestSchema } from "../conformance/matrix.ts";
import { type Results, resultsSchema } from "../conformance/results.ts";
import { isCode } from "../harness/kernel/cache.ts";
import { writeAtomically } from "./atomic-write.ts";
import { makeFolder } from "./make-folder.ts";
import { RESULTS_FILE } from "./results-file.ts";

const REQUEST_FILE = "matrix.json";

/** What a file holds, or undefined where it is not there or is something else: then there is nothing to go on from. */
async function readAs<T>(path: string, schema: z.ZodType<T>): Promise<T | undefined> {
  try {
    return schema.safeParse(JSON.parse(await readFile(path, "utf8"))).data;
  } catch (error) {
    if (isCode(error, "ENOENT") || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * What a run into that folder was asked and found, if it was cut short.
 * @throws {NodeJS.ErrnoException} where the folder cannot be read
 */
export async function readCutShort(folder: string): Promise<{ request: Request; results: Results } | undefined> {
  const request = await readAs(join(folder, REQUEST_FILE), requestSchema);
  const results = await readAs(join(folder, RESULTS_FILE), resultsSchema);
  if (request === undefined || results === undefined || results.complete || results.seed !== request.seed)
    return undefined;
  return { request, results };
}

/**
 * Notes what a run is asked.
 * @throws {NodeJS.ErrnoException} where it cannot be written
 */
export async function writeRequest(folder: string, request: Request): Promise<void> {
  await makeFolder(folder);
  await writeAtomically(join(folder, REQUEST_FILE), `${JSON.stringify(request, null, 2)}\n`);
}
