/** Maps whose values hold a struct bpf_wq beside the timer: a special field since 6.10, plain bytes before. */
import type fc from "fast-check";
import type { MapSpec } from "../scenario/scenario.ts";
import { timerMap } from "./map.ts";

const WORK_QUEUE_BYTES = 16;

export const workQueueMap: fc.Arbitrary<MapSpec> = timerMap.map((map) => ({
  ...map,
  value: {
    size: map.value.size + WORK_QUEUE_BYTES,
    fields: [...map.value.fields, { kind: "work-queue", offset: map.value.size }],
  },
}));
