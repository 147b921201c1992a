/** Maps whose values hold a spin lock beside the timer. LRU hash maps take no locks. */
import type fc from "fast-check";
import type { MapSpec } from "../scenario/scenario.ts";
import { HASHES_AND_ARRAYS, mapOf } from "./map.ts";

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

export const lockedMap: fc.Arbitrary<MapSpec> = mapOf(HASHES_AND_ARRAYS, VALUES);
