/** The scenarios one step smaller than a given one: with a part left out, or with a value made plainer. */
import { SIMPLE_MAP } from "../generators/map.ts";
import type { MapSpec, Operation, ProgramSpec, Scenario, Step } from "../scenario/scenario.ts";
import { GRID_NS } from "../scenario/time.ts";

const without = <T>(items: readonly T[], at: number): T[] => items.filter((_, index) => index !== at);
const withItem = <T>(items: readonly T[], at: number, item: T): T[] =>
  items.map((old, index) => (index === at ? item : old));
const renumber = (index: number, removed: number): number => (index > removed ? index - 1 : index);

/** An item with the index it holds under `field` renumbered; undefined where it names the removed thing. */
function withoutReference<T extends object, F extends string>(item: T, field: F, removed: number): T | undefined {
  if (!(field in item)) return item;
  const index = (item as T & Record<F, number>)[field];
  return index === removed ? undefined : { ...item, [field]: renumber(index, removed) };
}

function withoutReferences<T extends object>(items: readonly T[], field: string, removed: number): T[] {
  return items.flatMap((item) => withoutReference(item, field, removed) ?? []);
}

/** A program with each of its operation lists rewritten. */
function mapOperations(program: ProgramSpec, rewrite: (operations: Operation[]) => Operation[]): ProgramSpec {
  return {
    ...program,
    operations: rewrite(program.operations),
    callbacks: program.callbacks.map((callback) => ({ ...callback, operations: rewrite(callback.operations) })),
  };
}

function* fewerSteps(scenario: Scenario): Generator<Scenario> {
  for (const at of scenario.steps.keys()) yield { ...scenario, steps: without(scenario.steps, at) };
}

function* fewerPrograms(scenario: Scenario): Generator<Scenario> {
  for (const at of scenario.programs.keys())
    yield {
      ...scenario,
      programs: without(scenario.programs, at),
      steps: withoutReferences(scenario.steps, "program", at),
    };
}

function* fewerMaps(scenario: Scenario): Generator<Scenario> {
  for (const at of scenario.maps.keys()) {
    const maps = withoutReferences(without(scenario.maps, at), "innerMap", at);
    if (maps.length !== scenario.maps.length - 1) continue;
    const programs = scenario.programs.map((program) =>
      mapOperations(program, (operations) => withoutReferences(operations, "map", at)),
    );
    yield { ...scenario, maps, programs, steps: withoutReferences(scenario.steps, "map", at) };
  }
}

const withProgram = (scenario: Scenario, at: number, program: ProgramSpec): Scenario => ({
  ...scenario,
  programs: withItem(scenario.programs, at, program),
});

function* fewerCallbacks(scenario: Scenario): Generator<Scenario> {
  for (const [at, program] of scenario.programs.entries())
    for (const callback of program.callbacks.keys()) {
      const rest = mapOperations(program, (operations) => withoutReferences(operations, "callback", callback));
      yield withProgram(scenario, at, { ...rest, callbacks: without(rest.callbacks, callback) });
    }
}

/** Every variant of a list with one item replaced by one of its plainer forms, or left out. */
function* plainerItems<T>(items: readonly T[], plainer: (item: T) => Iterable<T>): Generator<T[]> {
  for (const [at, item] of items.entries()) for (const form of plainer(item)) yield withItem(items, at, form);
}

function* operationLists(
  scenario: Scenario,
  variants: (operations: Operation[]) => Iterable<Operation[]>,
): Generator<Scenario> {
  for (const [at, program] of scenario.programs.entries()) {
    for (const operations of variants(program.operations)) yield withProgram(scenario, at, { ...program, operations });
    for (const [index, callback] of program.callbacks.entries())
      for (const operations of variants(callback.operations)) {
        const callbacks = withItem(program.callbacks, index, { ...callback, operations });
        yield withProgram(scenario, at, { ...program, callbacks });
      }
  }
}

/** Operations that only make sense in pairs, and what ends what they begin. */
const PAIRS: Partial<Record<Operation["kind"], Operation["kind"]>> = {
  "irq-save": "irq-restore",
  "spin-lock": "spin-unlock",
};

function* fewerPairs(operations: Operation[]): Generator<Operation[]> {
  for (const [at, { kind }] of operations.entries()) {
    const end = operations.findIndex((other, index) => index > at && other.kind === PAIRS[kind]);
    if (end > at) yield without(without(operations, end), at);
  }
}

function* fewerOperations(operations: Operation[]): Generator<Operation[]> {
  yield* fewerPairs(operations);
  for (const at of operations.keys()) yield without(operations, at);
}

/** The plain value of each number that a step or an operation may carry; one that is plain already has no plainer form. */
const PLAIN: Readonly<Record<string, number>> = {
  key: 0,
  innerKey: 0,
  flags: 0,
  payload: 0,
  fill: 0,
  value: 0,
  slot: 0,
  ns: GRID_NS,
};

function* plainerFields<T extends object>(item: T): Generator<T> {
  for (const [field, plain] of Object.entries(PLAIN))
    if (field in item && (item as Record<string, unknown>)[field] !== plain) yield { ...item, [field]: plain };
}

function* plainerMaps(map: MapSpec): Generator<MapSpec> {
  if (map.innerMap !== undefined) return;
  for (const field of ["type", "flags", "maxEntries", "value"] as const)
    if (JSON.stringify(map[field]) !== JSON.stringify(SIMPLE_MAP[field])) yield { ...map, [field]: SIMPLE_MAP[field] };
}

function* plainerPrograms(program: ProgramSpec): Generator<ProgramSpec> {
  if (program.type !== "sched-cls") yield { ...program, type: "sched-cls" };
  for (const [at, { mayReturn, ...callback }] of program.callbacks.entries())
    if (mayReturn !== undefined) yield { ...program, callbacks: withItem(program.callbacks, at, callback) };
}

/** Smaller scenarios, those with the largest part left out first. Some may not compile. */
export function* smallerScenarios(scenario: Scenario): Generator<Scenario> {
  yield* fewerPrograms(scenario);
  yield* fewerMaps(scenario);
  yield* fewerCallbacks(scenario);
  yield* fewerSteps(scenario);
  yield* operationLists(scenario, fewerOperations);
  for (const maps of plainerItems(scenario.maps, plainerMaps)) yield { ...scenario, maps };
  for (const programs of plainerItems(scenario.programs, plainerPrograms)) yield { ...scenario, programs };
  for (const steps of plainerItems<Step>(scenario.steps, plainerFields)) yield { ...scenario, steps };
  yield* operationLists(scenario, (operations) => plainerItems<Operation>(operations, plainerFields));
}
