import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compile } from "../../../scenario/compile.ts";
import { COMPILED_SCENARIO_VERSION } from "../../../scenario/compiled-scenario.ts";
import { parseSavedCase } from "../../../scenario/saved-case.ts";

const FOLDER = new URL("../../cases/", import.meta.url);
const files = readdirSync(FOLDER).filter((name) => name.endsWith(".json"));
const read = (file: string): Record<string, unknown> => JSON.parse(readFileSync(new URL(file, FOLDER), "utf8"));

/** What is said of a value that is no saved case. */
function issueOf(value: unknown): string {
  const parsed = parseSavedCase(value);
  return "issue" in parsed ? `${parsed.issue.path.join(".")}: ${parsed.issue.message}` : "none";
}

describe("saved cases of version 2", () => {
  test("are there to be read", () => {
    expect(files.map((file) => read(file).version)).toContain(2);
  });

  test.each(files)("%s is read, as what its scenario compiles to today", (file) => {
    const parsed = parseSavedCase(read(file));
    if (!("data" in parsed)) throw new Error(`${file} is not read: ${parsed.issue.message}`);
    const { origin, ...executable } = parsed.data;
    expect(executable.version).toBe(COMPILED_SCENARIO_VERSION);
    // Those made by hand have no scenario.
    if (origin === undefined) return;
    const { steps, maps, programs, logMap } = compile(origin.scenario);
    expect(executable.steps).toEqual(steps);
    expect(executable.logMap).toEqual(logMap);
    expect(executable.maps).toEqual(maps);
    expect(executable.programs.map(({ callbacks }) => callbacks)).toEqual(programs.map(({ callbacks }) => callbacks));
  });

  const [file = ""] = files;
  test("that name what is not there are refused", () => {
    expect(issueOf({ ...read(file), logMap: 77 })).toMatch(/there is no map 77/);
    expect(issueOf({ ...read(file), steps: [{ kind: "run", program: 9 }] })).toMatch(/there is no program 9/);
    expect(issueOf({ ...read(file), steps: [{ kind: "run" }] })).toMatch(/steps\[0\]/);
  });
});

test("a case of a version to come is said to be one", () => {
  const version = COMPILED_SCENARIO_VERSION + 1;
  expect(issueOf({ version })).toBe(`version: it is of version ${version}, newer than 3, the newest known here`);
});
