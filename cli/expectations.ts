/** `--expect FILE`: what the user knows to differ, read and checked. */
import { readFile } from "node:fs/promises";
import { type Expectation, parseExpectations } from "../conformance/expectations.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { isSystemError, systemErrorText } from "./system-error.ts";
import { UsageError } from "./usage-error.ts";

async function readJson(path: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(path, "utf8"));
  } catch (error) {
    if (isSystemError(error)) throw new UsageError(`cannot read ${path}: ${systemErrorText(error)}`);
    if (error instanceof SyntaxError)
      throw new UsageError(`${path} is not JSON: ${error.message.replaceAll(/\s+/g, " ")}`);
    throw error;
  }
}

/**
 * The expectations of some files.
 * @throws {UsageError} where one of them cannot be read
 * @throws {ScenarioError} where an entry is of another form, is not in the catalogue, or has expired
 */
export async function readExpectations(
  paths: readonly string[],
  catalogue: readonly Guarantee[],
): Promise<Expectation[]> {
  const today = new Date().toISOString().slice(0, 10);
  const read = await Promise.all(
    paths.map(async (source) => parseExpectations(await readJson(source), { source, catalogue, today })),
  );
  return read.flat();
}
