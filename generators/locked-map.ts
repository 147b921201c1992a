/** Maps whose values hold a spin lock beside the timer. LRU hash maps take no locks. */
import fc from "fast-check";
import { BPF_F_NO_PREALLOC } from "../bpf/uapi.ts";
import type { MapSpec } from "../scenario/scenario.ts";

/** The lock before the timer, behind it, and apart from it. */
const VALUES: readonly MapSpec["value"][] = [
  {
    size: 32,
    fields: [
      { kind: "spin-lock", offset: 0 },
      { kind: "timer", offset: 8 },
      { kind: "u64", offset: 24 },
    ],
  },
  {
    size: 40,
    fields: [
      { kind: "u64", offset: 0 },
      { kind: "timer", offset: 8 },
      { kind: "spin-lock", offset: 24 },
      { kind: "u64", offset: 32 },
    ],
  },
  {
    size: 32,
    fields: [
      { kind: "timer", offset: 0 },
      { kind: "u64", offset: 16 },
      { kind: "spin-lock", offset: 28 },
    ],
  },
];

const SHAPES: readonly Pick<MapSpec, "type" | "flags">[] = [
  { type: "array", flags: 0 },
  { type: "hash", flags: 0 },
  { type: "hash", flags: BPF_F_NO_PREALLOC },
];

export const lockedMap: fc.Arbitrary<MapSpec> = fc
  .record({
    shape: fc.constantFrom(...SHAPES),
    maxEntries: fc.integer({ min: 1, max: 4 }),
    value: fc.constantFrom(...VALUES),
  })
  .map(({ shape, maxEntries, value }) => ({ ...shape, maxEntries, btf: true, value }));
