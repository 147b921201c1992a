/**
 * Which scenarios may be given maps and programs that an earlier one of the same shape has used: those that could not
 * tell them from new ones. The maps are emptied, and their timers freed, in between (agent/kept.c).
 */
import { BPF_F_NO_PREALLOC, BPF_MAP_TYPE, HELPER } from "../../bpf/uapi.ts";
import type { CompiledMap, CompiledScenario, CompiledStep } from "../../scenario/compiled-scenario.ts";

/** Steps that neither let go of an object nor ask whether it is still there. */
const STEPS: ReadonlySet<CompiledStep["kind"]> = new Set([
  "create-map",
  "load-program",
  "run",
  "advance",
  "update",
  "delete",
  "lookup",
]);

/** Of these types an emptied map is as good as new. */
const MAP_TYPES: ReadonlySet<number> = new Set([BPF_MAP_TYPE.ARRAY, BPF_MAP_TYPE.HASH, BPF_MAP_TYPE.LRU_HASH]);
const MAP_FLAGS: ReadonlySet<number> = new Set([0, BPF_F_NO_PREALLOC]);
/** Instructions, in hexadecimal, with a call of bpf_map_update_elem among them. */
const UPDATES = new RegExp(`^(?:.{16})*85000000${HELPER.map_update_elem.toString(16).padStart(2, "0")}000000`);

/** Each element takes system calls to empty. */
const ENTRIES_MAX = 16;

const isRenewable = ({ type, flags, maxEntries, innerMap }: CompiledMap): boolean =>
  MAP_TYPES.has(type) && MAP_FLAGS.has(flags) && maxEntries <= ENTRIES_MAX && innerMap === undefined;

/**
 * Whether an LRU map may come to evict an element: which one depends on more of its past than its elements. What programs
 * write is not looked into.
 */
function mayEvict({ name, type, maxEntries }: CompiledMap, { programs, steps }: CompiledScenario): boolean {
  if (type !== BPF_MAP_TYPE.LRU_HASH) return false;
  const written = steps.flatMap((step) => (step.kind === "update" && step.map === name ? [step.key] : []));
  return new Set(written).size > maxEntries || programs.some(({ instructions }) => UPDATES.test(instructions));
}

/** The names that steps of a kind name, or undefined where one is named twice. */
function namedOnce<K extends "create-map" | "load-program" | "run">(
  steps: readonly CompiledStep[],
  kind: K,
  name: (step: Extract<CompiledStep, { kind: K }>) => string,
): Set<string> | undefined {
  const named = steps.filter((step): step is Extract<CompiledStep, { kind: K }> => step.kind === kind).map(name);
  const set = new Set(named);
  return set.size === named.length ? set : undefined;
}

/**
 * Whether every map and program is made once, each map is named by a program, which holds it while no descriptor does,
 * and each program is run, so that its loading is not what is under test.
 */
export function mayReuse(scenario: CompiledScenario): boolean {
  const { maps, logMap, programs, steps } = scenario;
  const created = namedOnce(steps, "create-map", ({ map }) => map);
  const loaded = namedOnce(steps, "load-program", ({ program }) => program);
  const named = new Set(
    programs.flatMap(({ relocations }) => relocations.flatMap((each) => (each.kind === "map" ? [each.map] : []))),
  );
  const run = new Set(steps.flatMap((step) => (step.kind === "run" ? [step.program] : [])));
  return (
    steps.every(({ kind }) => STEPS.has(kind)) &&
    created?.size === maps.length - 1 &&
    loaded?.size === programs.length &&
    programs.every(({ name }) => run.has(name)) &&
    maps.every((map) => map.name === logMap || (named.has(map.name) && isRenewable(map) && !mayEvict(map, scenario)))
  );
}
