/** LRU maps of which each processor has lists of its own (BPF_F_NO_COMMON_LRU). */
import fc from "fast-check";
import { BPF_F_NO_COMMON_LRU } from "../bpf/uapi.ts";
import type { MapSpec } from "../scenario/scenario.ts";
import { timerMap } from "./map.ts";

export const ownLruMap: fc.Arbitrary<MapSpec> = fc
  .record({ map: timerMap, maxEntries: fc.integer({ min: 1, max: 7 }) })
  .map(({ map, maxEntries }) => ({ ...map, type: "lru-hash", flags: BPF_F_NO_COMMON_LRU, maxEntries }));
