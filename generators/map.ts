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

const SHAPES: readonly Pick<MapSpec, "type" | "flags">[] = [
  { type: "array", flags: 0 },
  { type: "hash", flags: 0 },
  { type: "hash", flags: BPF_F_NO_PREALLOC },
  { type: "lru-hash", flags: 0 },
];

/** The smallest map with a timer: an array of one element, as in the documentation's example. */
export const SIMPLE_MAP: MapSpec = { type: "array", maxEntries: 1, flags: 0, btf: true, value: VALUES[0] as Value };

/** A map with a timer in its value: each type that allows one, each place the timer may lie. */
export const timerMap: fc.Arbitrary<MapSpec> = fc
  .record({
    shape: fc.constantFrom(...SHAPES),
    maxEntries: fc.integer({ min: 1, max: 4 }),
    value: fc.constantFrom(...VALUES),
  })
  .map(({ shape, maxEntries, value }) => ({ ...shape, maxEntries, btf: true, value }));

/** A timer map and one of its keys. */
export const timerElement: fc.Arbitrary<{ map: MapSpec; key: number }> = timerMap.chain((map) =>
  fc.record({ map: fc.constant(map), key: fc.integer({ min: 0, max: map.maxEntries - 1 }) }),
);
