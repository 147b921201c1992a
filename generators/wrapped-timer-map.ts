/** Maps whose timer lies in an array of one or in a struct of its own, which kernels find since 6.11. */
import fc from "fast-check";
import type { MapSpec } from "../scenario/scenario.ts";
import { timerMap } from "./map.ts";

export const wrappedTimerMap: fc.Arbitrary<MapSpec> = fc
  .record({ map: timerMap, inside: fc.constantFrom("array" as const, "struct" as const) })
  .map(({ map, inside }) => ({
    ...map,
    value: {
      ...map.value,
      fields: map.value.fields.map((field) => (field.kind === "timer" ? { ...field, inside } : field)),
    },
  }));
