/** Guarantees of somebody else: a folder of modules outside of this package, checked as they are loaded. */
import { readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import fc from "fast-check";
import { z } from "zod";
import { compileBareScenario } from "../scenario/bare-scenario.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { ScenarioError } from "../scenario/scenario-error.ts";
import type { Check, Clause, Guarantee, Judgement } from "./guarantee.ts";
import { DOCUMENTS } from "./sources/documents.ts";

const text = z.string().min(1);
const checkSchema = z.custom<Check>((value) => typeof value === "function", "a check is a function");
const arbitrarySchema = z.custom<fc.Arbitrary<Scenario>>(
  (value) => typeof value === "object" && value !== null && "generate" in value,
  "scenarios are an arbitrary of fast-check, or a list",
);

const clauseSchema = z.strictObject({
  name: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/, "a clause's name is lower case with dashes"),
  words: text,
  check: checkSchema,
  faults: z.array(text),
  reach: z.strictObject({ share: z.number().min(0).max(1), because: text }).optional(),
});

const citationSchema = z
  .strictObject({ document: text, place: text, title: text.optional() })
  .refine(({ document, title }) => title !== undefined || document in DOCUMENTS, {
    message: "the title is missing: only documents of this package have one already",
  });

const guaranteeSchema = z.strictObject({
  id: z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*(\.[a-z0-9]+(-[a-z0-9]+)*)+$/, 'an id is "subject.promise", lower case'),
  clauses: z.array(clauseSchema).min(1, "a guarantee has a clause"),
  citations: z.array(citationSchema).min(1, "a guarantee cites where it is written"),
  since: z.string().regex(/^\d+\.\d+$/, 'a release is written "5.15"'),
  undocumented: z.literal(true).optional(),
  processors: z.literal(2).optional(),
  scenarios: z.union([z.array(z.unknown()).min(1), arbitrarySchema]),
});

const moduleSchema = z.array(guaranteeSchema).min(1);

/** `default[0].clauses[1].name` */
const member = (path: readonly PropertyKey[]): string =>
  `default${path.map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`)).join("")}`;

/** An error about a member of a module, in one line. */
function wrong(file: string, path: readonly PropertyKey[], message: string): ScenarioError {
  return new ScenarioError(`${file}, ${member(path)}: ${message.replaceAll(/\s+/g, " ")}`);
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

async function importModule(file: string): Promise<{ default?: unknown }> {
  try {
    return await import(pathToFileURL(resolve(file)).href);
  } catch (error) {
    throw new ScenarioError(`${file} cannot be loaded: ${messageOf(error).replaceAll(/\s+/g, " ")}`);
  }
}

const SAMPLES = 10;
const SEED = 1;

/** Makes sure that the scenarios of a guarantee compile: all of a list, the first that an arbitrary draws. */
function checkScenarios(file: string, path: readonly PropertyKey[], { scenarios }: Guarantee): void {
  const listed = Array.isArray(scenarios);
  const drawn: readonly unknown[] = listed ? scenarios : sample(file, path, scenarios as fc.Arbitrary<Scenario>);
  for (const [at, scenario] of drawn.entries()) {
    const compiled = compileBareScenario(scenario);
    if ("data" in compiled) continue;
    const { issue } = compiled;
    const place = listed ? [...path, "scenarios", at, ...issue.path] : [...path, "scenarios"];
    const within = listed || issue.path.length === 0 ? "" : `${issue.path.map(String).join(".")}: `;
    throw wrong(file, place, `${listed ? "" : "it draws what cannot be compiled: "}${within}${issue.message}`);
  }
}

function sample(file: string, path: readonly PropertyKey[], scenarios: fc.Arbitrary<Scenario>): Scenario[] {
  try {
    return fc.sample(scenarios, { seed: SEED, numRuns: SAMPLES });
  } catch (error) {
    throw wrong(file, [...path, "scenarios"], `nothing can be drawn: ${messageOf(error)}`);
  }
}

const isJudgement = (value: Judgement | undefined): boolean =>
  typeof value?.exercised === "number" && Array.isArray(value.violations);

/** The clause with a check that says whose it is when it throws, or gives something else than a judgement. */
function guarded(clause: Clause, file: string, path: readonly PropertyKey[]): Clause {
  const at = [...path, "check"];
  const ask: Check = (reading, clock) => {
    try {
      return clause.check(reading, clock);
    } catch (error) {
      throw wrong(file, at, `it threw ${messageOf(error)}`);
    }
  };
  const check: Check = (reading, clock) => {
    const judgement = ask(reading, clock);
    if (!isJudgement(judgement)) throw wrong(file, at, "it gave no judgement: { exercised, violations }");
    return judgement;
  };
  return { ...clause, check };
}

/** The guarantees of one module; `taken` has every id so far, with where it is from. */
async function loadModule(file: string, taken: Map<string, string>): Promise<Guarantee[]> {
  const parsed = moduleSchema.safeParse((await importModule(file)).default);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    throw wrong(file, issue?.path ?? [], issue?.message ?? "unreadable");
  }
  // The schema says of every member what the type says, but for optional members that are undefined.
  const guarantees = parsed.data as unknown as Guarantee[];
  return guarantees.map((guarantee, at) => {
    const { id, clauses } = guarantee;
    const other = taken.get(id);
    if (other !== undefined) throw wrong(file, [at, "id"], `${id} is an id of ${other} already`);
    taken.set(id, file);
    const names = clauses.map(({ name }) => name);
    const twice = names.findIndex((name, index) => names.indexOf(name) !== index);
    if (twice >= 0) throw wrong(file, [at, "clauses", twice, "name"], `${names[twice]} is a clause of it already`);
    checkScenarios(file, [at], guarantee);
    const [first, ...others] = clauses.map((clause, index) => guarded(clause, file, [at, "clauses", index]));
    return { ...guarantee, clauses: [first as Clause, ...others] };
  });
}

/**
 * The guarantees of a folder: the default exports of its modules (.js and .mjs), by file and place. They join those of
 * `catalogue`, so that all judge every trace, and no id may be in both.
 * @throws {ScenarioError} where one is of another form, or has an id that is taken; the message names file and member
 * @throws {NodeJS.ErrnoException} where the folder cannot be read
 */
export async function loadGuarantees(folder: string, catalogue: readonly Guarantee[] = []): Promise<Guarantee[]> {
  const files = (await readdir(folder)).filter((name) => /\.m?js$/.test(name)).sort();
  if (files.length === 0) throw new ScenarioError(`${folder} holds no guarantees: there is no .js or .mjs file in it`);
  const taken = new Map(catalogue.map(({ id }) => [id, "the catalogue"]));
  const loaded: Guarantee[] = [];
  for (const file of files) loaded.push(...(await loadModule(join(folder, file), taken)));
  return loaded;
}
