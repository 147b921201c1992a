/** Saved cases: a compiled scenario with its origin, one to a file, to be replayed, shared and kept. */
import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { compileBareScenario, isBareScenario } from "../scenario/bare-scenario.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { parseSavedCase, type SavedCaseIssue } from "../scenario/saved-case.ts";
import { ScenarioError } from "../scenario/scenario-error.ts";
import { writeAtomically } from "./atomic-write.ts";
import { makeFolder } from "./make-folder.ts";

const NAME_MAX = 80;

/**
 * A runtime's name in characters that every file system takes. What stands before the first colon is a plain word, so
 * that the colon can become a dash; where more has to change, a digest keeps two runtimes from sharing a name.
 */
function fileNamePart(runtime: string): string {
  const dashed = runtime.replace(":", "-");
  const safe = dashed.replaceAll(/[^A-Za-z0-9.+=-]/g, "_").slice(0, NAME_MAX);
  if (safe === dashed) return safe;
  return `${safe}-${createHash("sha256").update(runtime).digest("hex").slice(0, 8)}`;
}

/** `init.already-initialized--emulator-6.12.json`; a difference is called `diff--LEFT--RIGHT.json`. */
export function caseFileName(subject: string, ...runtimes: readonly string[]): string {
  return `${[subject, ...runtimes.map(fileNamePart)].join("--")}.json`;
}

/** What a file that holds a case says. */
export const caseText = (compiled: CompiledScenario): string => `${JSON.stringify(compiled, null, 2)}\n`;

/**
 * Saves a case in a folder, which is made if need be, and returns its path.
 * @throws {NodeJS.ErrnoException} where it cannot be written
 */
export async function writeCase(folder: string, name: string, compiled: CompiledScenario): Promise<string> {
  await makeFolder(folder);
  const path = join(folder, name);
  await writeAtomically(path, caseText(compiled));
  return path;
}

/** @throws {ScenarioError} where it is not JSON */
async function readJson(path: string): Promise<unknown> {
  const text = await readFile(path, "utf8");
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError)
      throw new ScenarioError(`${path} is not JSON: ${error.message.replaceAll(/\s+/g, " ")}`);
    throw error;
  }
}

/** Where in the file a problem is, `steps[3].kind`. */
const place = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");

/** The case that was read of a file; or what the file is not, and why. */
function taken(
  path: string,
  what: string,
  parsed: { data: CompiledScenario } | { issue: SavedCaseIssue },
): CompiledScenario {
  if ("data" in parsed) return parsed.data;
  const { issue } = parsed;
  const where = issue.path.length === 0 ? "" : `${place(issue.path)}: `;
  throw new ScenarioError(`${path} is not ${what}: ${where}${issue.message.replaceAll(/\s+/g, " ")}`);
}

const A_SCENARIO = "a scenario that can be compiled";

/**
 * Reads a saved case back; a scenario that is not compiled is compiled, and is its own origin.
 * @throws {ScenarioError} where the file holds something else; the message says what, and where in it
 * @throws {NodeJS.ErrnoException} where it cannot be read
 */
export async function readCase(path: string): Promise<CompiledScenario> {
  const value = await readJson(path);
  if (isBareScenario(value)) return taken(path, A_SCENARIO, compileBareScenario(value));
  return taken(path, "a saved scenario", parseSavedCase(value));
}

/**
 * Reads a scenario that is not compiled, and makes a case of it.
 * @throws {ScenarioError} where the file holds something else; the message says what, and where in it
 * @throws {NodeJS.ErrnoException} where it cannot be read
 */
export async function compileScenarioFile(path: string): Promise<CompiledScenario> {
  const value = await readJson(path);
  if (typeof value === "object" && value !== null && "format" in value)
    throw new ScenarioError(`${path} is compiled already: timerconf replay runs it as it is`);
  return taken(path, A_SCENARIO, compileBareScenario(value));
}
