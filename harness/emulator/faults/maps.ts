/** Faults of which maps can have a timer. */
import { BPF_F_NO_PREALLOC, BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, BPF_MAP_TYPE } from "../../../bpf/uapi.ts";
import type { Faults } from "./fault.ts";

const PER_CPU_TYPES = [BPF_MAP_TYPE.PERCPU_ARRAY, BPF_MAP_TYPE.PERCPU_HASH, BPF_MAP_TYPE.LRU_PERCPU_HASH];

export const mapFaults = {
  "lru-hash-refuses-timer": {
    summary: "an LRU hash map with a timer cannot be created",
    profile: ({ timerMapTypes }) => ({
      timerMapTypes: new Set([...timerMapTypes].filter((type) => type !== BPF_MAP_TYPE.LRU_HASH)),
    }),
  },
  "per-cpu-map-allows-timer": {
    summary: "a per-CPU map with a timer can be created",
    profile: ({ timerMapTypes }) => ({ timerMapTypes: new Set([...timerMapTypes, ...PER_CPU_TYPES]) }),
  },
  "map-refuses-flag-with-timer": {
    summary: "BPF_F_NO_PREALLOC is refused for a map with a timer",
    profile: ({ mapFlagsRefusedWithTimer: refused }) => ({ mapFlagsRefusedWithTimer: refused | BPF_F_NO_PREALLOC }),
  },
  "read-only-map-allows-timer": {
    summary: "BPF_F_RDONLY_PROG is accepted for a map with a timer",
    profile: ({ mapFlagsRefusedWithTimer: refused }) => ({ mapFlagsRefusedWithTimer: refused & ~BPF_F_RDONLY_PROG }),
  },
  "write-only-map-allows-timer": {
    summary: "BPF_F_WRONLY_PROG is accepted for a map with a timer",
    profile: ({ mapFlagsRefusedWithTimer: refused }) => ({ mapFlagsRefusedWithTimer: refused & ~BPF_F_WRONLY_PROG }),
  },
} as const satisfies Faults;
