/** A scenario as somebody wrote it down, not compiled: read from JSON, checked and compiled. */
import { compile } from "./compile.ts";
import type { CompiledScenario } from "./compiled-scenario.ts";
import type { SavedCaseIssue } from "./saved-case.ts";
import { type MapSpec, type Operation, type Scenario, scenarioSchema } from "./scenario.ts";
import { ScenarioError } from "./scenario-error.ts";
import { FIELD_BYTES } from "./value-layout.ts";

/** What the offset of an instruction reaches, with as much again for `offsetDelta`. */
const VALUE_BYTES_MAX = 2 ** 14;
const OFFSET_DELTA_MAX = 2 ** 14 - 1;
/** What the arguments of BPF_MAP_CREATE hold. */
const U32_MAX = 2 ** 32 - 1;
/** What the immediate of an instruction holds, on either side of 0. */
const IMMEDIATE_MAX = 2 ** 31 - 1;

/** Whether a value is a scenario that is not compiled, or means to be one: what is compiled names its format. */
export function isBareScenario(value: unknown): boolean {
  return typeof value === "object" && value !== null && "steps" in value && !("format" in value);
}

type Path = SavedCaseIssue["path"];

/** Says of a number that it is too large, where it is. */
function* tooLarge(path: Path, value: number | undefined, max: number): Generator<SavedCaseIssue> {
  if (value !== undefined && Math.abs(value) > max) yield { path, message: `${value} is beyond ${max}` };
}

/** Says of a number that it is no map's. */
function* noMap(path: Path, map: number | undefined, count: number): Generator<SavedCaseIssue> {
  if (map !== undefined && map >= count) yield { path, message: `there is no map ${map}` };
}

function* mapIssues({ value, maxEntries, flags, innerMap }: MapSpec, path: Path, count: number) {
  yield* tooLarge([...path, "maxEntries"], maxEntries, U32_MAX);
  yield* tooLarge([...path, "flags"], flags, U32_MAX);
  yield* tooLarge([...path, "value", "size"], value.size, VALUE_BYTES_MAX);
  yield* noMap([...path, "innerMap"], innerMap, count);
  for (const [at, { kind, offset }] of value.fields.entries()) {
    if (offset + FIELD_BYTES[kind] <= value.size) continue;
    const message = `a ${kind} at ${offset} does not end within a value of ${value.size} bytes`;
    yield { path: [...path, "value", "fields", at], message };
  }
}

function* operationIssues(operations: readonly Operation[], path: Path, count: number): Generator<SavedCaseIssue> {
  for (const [at, operation] of operations.entries()) {
    const here = [...path, "operations", at];
    if ("map" in operation) yield* noMap([...here, "map"], operation.map, count);
    if ("offsetDelta" in operation) yield* tooLarge([...here, "offsetDelta"], operation.offsetDelta, OFFSET_DELTA_MAX);
  }
}

/** What a scenario of the right form says that cannot be put into bytes. */
function* issues({ maps, programs }: Scenario): Generator<SavedCaseIssue> {
  for (const [index, map] of maps.entries()) yield* mapIssues(map, ["maps", index], maps.length);
  for (const [index, { operations, callbacks }] of programs.entries()) {
    const path = ["programs", index];
    yield* operationIssues(operations, path, maps.length);
    for (const [at, callback] of callbacks.entries()) {
      const inCallback = [...path, "callbacks", at];
      yield* operationIssues(callback.operations, inCallback, maps.length);
      yield* tooLarge([...inCallback, "returns"], callback.returns, IMMEDIATE_MAX);
      yield* tooLarge([...inCallback, "mayReturn"], callback.mayReturn, IMMEDIATE_MAX);
    }
  }
}

/**
 * The case that a bare scenario makes: what it compiles to, with the scenario as its origin, so that all guarantees
 * judge it. Or the first thing that is wrong with it, and where.
 */
export function compileBareScenario(value: unknown): { data: CompiledScenario } | { issue: SavedCaseIssue } {
  const parsed = scenarioSchema.safeParse(value);
  if (!parsed.success) return { issue: parsed.error.issues[0] ?? { path: [], message: "unreadable" } };
  const [issue] = issues(parsed.data);
  if (issue !== undefined) return { issue };
  try {
    return { data: { ...compile(parsed.data), origin: { scenario: parsed.data } } };
  } catch (error) {
    if (error instanceof ScenarioError) return { issue: { path: [], message: error.message } };
    throw error;
  }
}
