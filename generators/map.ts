/** Maps whose values hold a timer. */
import fc from "fast-check";
import { BPF_F_NO_PREALLOC } from "../bpf/uapi.ts";
import type { MapSpec } from "../scenario/scenario.ts";

type Value = MapSpec["value"];

/** The timer alone, behind a payload, before one, and between two. */
const VALUES: readonly Value[] = [
  { size: 16, fields: [{ kind: "timer", offset: 0 }] },
  {
    size: 24,
    fields: [
      { kind: "u64", offset: 0 },
      { kind: "timer", offset: 8 },
    ],
  },
  {
    size: 24,
    fields: [
      { kind: "timer", offset: 0 },
      { kind: "u64", offset: 16 },
    ],
  },
  {
    size: 32,
    fields: [
      { kind: "u64", offset: 0 },
      { kind: "timer", offset: 8 },
      { kind: "u64", offset: 24 },
    ],
  },
];

type MapShape = Pick<MapSpec, "type" | "flags">;

/** The maps whose values may also hold a lock. */
export const HASHES_AND_ARRAYS: readonly MapShape[] = [
  { type: "array", flags: 0 },
  { type: "hash", flags: 0 },
  { type: "hash", flags: BPF_F_NO_PREALLOC },
];

/** The smallest map with a timer: an array of one element, as in the documentation's example. */
export const SIMPLE_MAP: MapSpec = { type: "array", maxEntries: 1, flags: 0, btf: true, value: VALUES[0] as Value };

/** A small map with BTF, of one of some types and with one of some values. */
export const mapOf = (shapes: readonly MapShape[], values: readonly MapSpec["value"][]): fc.Arbitrary<MapSpec> =>
  fc
    .record({
      shape: fc.constantFrom(...shapes),
      maxEntries: fc.integer({ min: 1, max: 4 }),
      value: fc.constantFrom(...values),
    })
    .map(({ shape, maxEntries, value }) => ({ ...shape, maxEntries, btf: true, value }));

/** A map with a timer in its value: each type that allows one, each place the timer may lie. */
export const timerMap: fc.Arbitrary<MapSpec> = mapOf([...HASHES_AND_ARRAYS, { type: "lru-hash", flags: 0 }], VALUES);

/** A timer map and one of its keys. */
export const timerElement: fc.Arbitrary<{ map: MapSpec; key: number }> = timerMap.chain((map) =>
  fc.record({ map: fc.constant(map), key: fc.integer({ min: 0, max: map.maxEntries - 1 }) }),
);
