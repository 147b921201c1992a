/** Which maps may hold timers: their types and the flags they are created with. */
import fc from "fast-check";
import {
  BPF_F_INNER_MAP,
  BPF_F_MMAPABLE,
  BPF_F_NO_COMMON_LRU,
  BPF_F_NO_PREALLOC,
  BPF_F_NUMA_NODE,
  BPF_F_RDONLY,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY,
  BPF_F_WRONLY_PROG,
  BPF_F_ZERO_SEED,
} from "../../bpf/uapi.ts";
import { timerElement } from "../../generators/map.ts";
import { runnableType } from "../../generators/program-type.ts";
import { delayNs } from "../../generators/time.ts";
import { callback, cancel, init, lookup, program, scenario, setCallback, start } from "../../scenario/build.ts";
import type { MapSpec, ProgramSpec, Scenario } from "../../scenario/scenario.ts";
import { LISTED } from "../checks/listed-program-types.ts";
import { accepts } from "../checks/loads.ts";
import { creates, isWithoutTimer, withoutTimer } from "../checks/map-creation.ts";
import { TIMER_MAP_TYPES, usesTimersPlainly } from "../checks/plain-use.ts";
import type { Guarantee } from "../guarantee.ts";

const REFUSED: readonly MapSpec["type"][] = ["percpu-array", "percpu-hash", "lru-percpu-hash"];

/** Every creation flag that a type takes, but those that keep programs from the values. */
const FLAGS: Readonly<Partial<Record<MapSpec["type"], readonly number[]>>> = {
  array: [BPF_F_NUMA_NODE, BPF_F_RDONLY, BPF_F_WRONLY, BPF_F_MMAPABLE, BPF_F_INNER_MAP],
  hash: [BPF_F_NO_PREALLOC, BPF_F_NUMA_NODE, BPF_F_RDONLY, BPF_F_WRONLY, BPF_F_ZERO_SEED],
  "lru-hash": [BPF_F_NO_COMMON_LRU, BPF_F_RDONLY, BPF_F_WRONLY, BPF_F_ZERO_SEED],
};

/** A map without a timer and one with; a program that only looks an element up, and one that does all with its timer. */
const beside = ({ map, key, delay, type }: { map: MapSpec; key: number; delay: number; type: Type }): Scenario => {
  const lifecycle = [lookup(1, key), init(1, 1), setCallback(0), start(delay), cancel()];
  const programs = [program([lookup(0, key)], [], type), program(lifecycle, [callback()], type)];
  const made = scenario([withoutTimer(map), map], programs, []);
  return { ...made, steps: made.steps.filter(({ kind }) => kind !== "update") };
};
type Type = Parameters<typeof program>[2];

const ofType = (types: readonly MapSpec["type"][]) =>
  fc
    .record({ element: timerElement, chosen: fc.constantFrom(...types), delay: delayNs(), type: runnableType })
    .map(({ element: { map, key }, chosen, delay, type }) =>
      beside({ map: { ...map, type: chosen, flags: 0 }, key, delay, type }),
    );

/** A map of a type that allows timers, with flags of that type. */
const withFlags = (flagsOf: (type: MapSpec["type"]) => readonly number[]) =>
  fc
    .record({ element: timerElement, delay: delayNs(), type: runnableType })
    .chain(({ element: { map, key }, delay, type }) =>
      fc.constantFrom(...flagsOf(map.type)).map((flags) => beside({ map: { ...map, flags }, key, delay, type })),
    );

const isPlain = ({ flags }: MapSpec): boolean => flags === 0;

const HELPERS = ["timer-init", "timer-set-callback", "timer-start", "timer-cancel"] as const;

/** A program that does with the timers of such maps what may be done with one, beside one that uses the same map without a timer. */
const loadsOver = (isSuch: (map: MapSpec) => boolean) =>
  accepts(
    (program, scenario) =>
      LISTED.some((type) => type === program.type) &&
      scenario.maps.some(isSuch) &&
      usesTimersPlainly(program, scenario, HELPERS) &&
      mapsOf(program, scenario).every(isSuch),
    (control, program, scenario) =>
      control.type === program.type &&
      control.operations.every(({ kind }) => kind === "lookup") &&
      mapsOf(program, scenario).every((map) => mapsOf(control, scenario).some((other) => isWithoutTimer(other, map))),
  );

/** The maps that a program looks elements up in. */
const mapsOf = ({ operations }: ProgramSpec, { maps }: Scenario): MapSpec[] =>
  operations.flatMap((operation) => (operation.kind === "lookup" ? (maps[operation.map] ?? []) : []));

const SYSCALL = { document: "linux/kernel/bpf/syscall.c", place: "map_check_btf" } as const;

export default [
  {
    id: "verifier.map-types-allowed",
    citations: [
      SYSCALL,
      { document: "ebpf-docs/timers", place: "introduction and first example" },
      { document: "ebpf-docs/bpf_timer_init", place: "Example" },
    ],
    since: "5.15",
    undocumented: true,
    scenarios: ofType(TIMER_MAP_TYPES),
    clauses: [
      {
        name: "creation",
        words:
          "Array, hash and LRU hash maps may hold timers: where such a map can be created without a timer it can be with one.",
        check: creates((map) => (isPlain(map) && TIMER_MAP_TYPES.includes(map.type) ? "created" : "untold")),
        faults: ["lru-hash-refuses-timer"],
      },
      {
        name: "use",
        words:
          "A program that may use timers and uses that one loads where one loads that uses the same map without a timer.",
        check: loadsOver(isPlain),
        faults: ["lru-hash-timer-unusable"],
      },
    ],
  },
  {
    id: "verifier.map-types-refused",
    citations: [SYSCALL],
    since: "5.15",
    undocumented: true,
    scenarios: ofType(REFUSED),
    clauses: [
      {
        name: "creation",
        words: "A per-CPU map cannot be created with a timer in its value.",
        check: creates((map) => (isPlain(map) && REFUSED.includes(map.type) ? "refused" : "untold")),
        faults: ["per-cpu-map-allows-timer"],
      },
    ],
  },
  {
    id: "verifier.map-flags",
    citations: [SYSCALL],
    since: "5.15",
    undocumented: true,
    scenarios: withFlags((type) => FLAGS[type] ?? [0]),
    clauses: [
      {
        name: "creation",
        words:
          "Every creation flag that a map takes without a timer it takes with one, those that keep programs from its values aside.",
        check: creates((map) =>
          (map.flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) === 0 && !isPlain(map) ? "created" : "untold",
        ),
        faults: ["map-refuses-flag-with-timer"],
      },
      {
        name: "use",
        words:
          "A program that may use timers and uses the one of such a map loads where one loads that uses the same map without a timer.",
        check: loadsOver((map) => !isPlain(map)),
        faults: ["flagged-map-timer-unusable"],
      },
    ],
  },
  {
    id: "verifier.map-read-only",
    citations: [SYSCALL],
    since: "5.15",
    undocumented: true,
    scenarios: withFlags(() => [BPF_F_RDONLY_PROG]),
    clauses: [
      {
        name: "creation",
        words: "A map whose values programs cannot write, BPF_F_RDONLY_PROG, cannot be created with a timer.",
        check: creates(({ flags }) => ((flags & BPF_F_RDONLY_PROG) === 0 ? "untold" : "refused")),
        faults: ["read-only-map-allows-timer"],
      },
    ],
  },
  {
    id: "verifier.map-write-only",
    citations: [SYSCALL],
    since: "6.2",
    undocumented: true,
    scenarios: withFlags(() => [BPF_F_WRONLY_PROG]),
    clauses: [
      {
        name: "creation",
        words: "A map whose values programs cannot read, BPF_F_WRONLY_PROG, cannot be created with a timer.",
        check: creates(({ flags }) => ((flags & BPF_F_WRONLY_PROG) === 0 ? "untold" : "refused")),
        faults: ["write-only-map-allows-timer"],
      },
    ],
  },
] satisfies Guarantee[];
