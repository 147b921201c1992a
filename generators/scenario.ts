/**
 * Whole random scenarios, for differential runs: everything a lifecycle may do, in any order, but nothing whose
 * outcome depends on how fast a runtime is.
 */
import fc from "fast-check";
import { BPF_F_LOCK } from "../bpf/uapi.ts";
import type { MapSpec, Scenario, Step } from "../scenario/scenario.ts";
import { RELEASE_NS } from "../scenario/time.ts";
import { largeKey } from "./large-key.ts";
import { lockedMap } from "./locked-map.ts";
import { timerMap } from "./map.ts";
import { ownLruMap } from "./own-lru-map.ts";
import { anyProgram, CELL_NS } from "./program.ts";
import { workQueueMap } from "./work-queue-map.ts";
import { wrappedTimerMap } from "./wrapped-timer-map.ts";

const PROGRAMS_MAX = 3;
const STEPS_MAX = 9;

type StepOf<K extends Step["kind"]> = fc.Arbitrary<Extract<Step, { kind: K }>[]>;

interface Counts {
  maps: number;
  programs: number;
  keys: number;
}

const advance: StepOf<"advance"> = fc
  .integer({ min: 1, max: 5 })
  .map((cells) => [{ kind: "advance", ns: cells * CELL_NS }]);

/** What the kernel releases behind the caller's back is given the time to go. */
const settled = (steps: Step[]): Step[] => [...steps, { kind: "advance", ns: RELEASE_NS }];

/** Kinds of step with their weights; each gives the step with what must follow it. */
function stepChoices({ maps, programs, keys }: Counts): fc.WeightedArbitrary<Step[]>[] {
  const map = fc.nat({ max: maps - 1 });
  const program = fc.nat({ max: programs - 1 });
  const key = fc.nat({ max: keys });
  const element = { map, key };
  const onMap = <K extends Step["kind"]>(kind: K) => map.map((index) => [{ kind, map: index } as Step]);
  const onProgram = <K extends Step["kind"]>(kind: K) => program.map((index) => [{ kind, program: index } as Step]);
  const update = fc.record({
    kind: fc.constant("update" as const),
    ...element,
    payload: fc.nat({ max: 255 }),
    fill: fc.constantFrom(0, 0, 0xff),
    flags: fc.constantFrom(0, 0, 0, 1, 2, BPF_F_LOCK),
  });
  const onElement = <K extends "delete" | "lookup">(kind: K) => fc.record({ kind: fc.constant(kind), ...element });
  return [
    { weight: 10, arbitrary: onProgram("run") },
    { weight: 6, arbitrary: advance },
    { weight: 2, arbitrary: update.map((step) => [step]) },
    { weight: 2, arbitrary: onElement("delete").map((step) => [step]) },
    { weight: 1, arbitrary: onElement("lookup").map((step) => [step]) },
    { weight: 2, arbitrary: onMap("close-map") },
    { weight: 1, arbitrary: onMap("pin-map") },
    { weight: 1, arbitrary: onMap("unpin-map").map(settled) },
    { weight: 1, arbitrary: onMap("open-pin") },
    { weight: 1, arbitrary: onProgram("close-program") },
    { weight: 1, arbitrary: onProgram("find-program").map((steps) => [{ kind: "advance", ns: RELEASE_NS }, ...steps]) },
    { weight: 1, arbitrary: fc.constant(settled([{ kind: "exit-process" }])) },
  ];
}

function preparation(maps: readonly MapSpec[], programs: number, inserted: readonly boolean[]): Step[] {
  const elements = maps.flatMap((map, index) =>
    map.type === "array" ? [] : Array.from({ length: map.maxEntries }, (_, key) => ({ map: index, key })),
  );
  return [
    ...maps.map((_, map): Step => ({ kind: "create-map", map })),
    ...Array.from({ length: programs }, (_, program): Step => ({ kind: "load-program", program })),
    ...elements
      .filter((_, index) => inserted[index % inserted.length] === true)
      .map((element): Step => ({ kind: "update", ...element, payload: 0, fill: 0, flags: 0 })),
  ];
}

const anyMap: fc.Arbitrary<MapSpec> = fc.oneof(
  { weight: 12, arbitrary: timerMap },
  { weight: 3, arbitrary: lockedMap },
  { weight: 2, arbitrary: ownLruMap },
  { weight: 1, arbitrary: wrappedTimerMap },
  { weight: 1, arbitrary: workQueueMap },
);

/** The same scenario with key 0 of every map but arrays renamed. */
function withKey(scenario: Scenario, renamed: number): Scenario {
  const rename = <T extends object>(item: T): T =>
    "key" in item && "map" in item && item.key === 0 && scenario.maps[item.map as number]?.type !== "array"
      ? { ...item, key: renamed }
      : item;
  return {
    ...scenario,
    programs: scenario.programs.map((program) => ({
      ...program,
      operations: program.operations.map(rename),
      callbacks: program.callbacks.map((each) => ({ ...each, operations: each.operations.map(rename) })),
    })),
    steps: scenario.steps.map(rename),
  };
}

/** A random scenario. Nothing in it expires while a program runs, and no two timers expire close to each other. */
export const anyScenario: fc.Arbitrary<Scenario> = fc
  .record({
    maps: fc.array(anyMap, { minLength: 1, maxLength: 2 }),
    programs: fc.integer({ min: 1, max: PROGRAMS_MAX }),
  })
  .chain(({ maps, programs }) => {
    const keys = Math.max(...maps.map(({ maxEntries }) => maxEntries));
    return fc.record({
      maps: fc.constant(maps),
      programs: fc.tuple(...Array.from({ length: programs }, (_, index) => anyProgram(maps, index))),
      inserted: fc.array(fc.constantFrom(true, true, true, true, false), { minLength: 4, maxLength: 4 }),
      renamed: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: largeKey }),
      steps: fc.array(fc.oneof(...stepChoices({ maps: maps.length, programs, keys })), { maxLength: STEPS_MAX }),
    });
  })
  .map(({ maps, programs, inserted, renamed, steps }) =>
    withKey(
      {
        maps,
        programs,
        steps: [
          ...preparation(maps, programs.length, inserted),
          { kind: "run", program: 0 },
          ...steps.flat(),
          { kind: "advance", ns: 6 * CELL_NS },
        ],
      },
      renamed,
    ),
  );
