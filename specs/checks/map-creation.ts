/** What checks of map creation have in common: a map with a timer beside one alike but for the timer. */
import { formatResult } from "../../bpf/errno.ts";
import type { StepEvent } from "../../scenario/history.ts";
import type { MapSpec } from "../../scenario/scenario.ts";
import { type Check, UNTOUCHED, type Violation } from "../guarantee.ts";
import type { Reading } from "./reading.ts";

/** The same map with nothing but numbers where its timer was. */
export function withoutTimer(map: MapSpec): MapSpec {
  const fields = map.value.fields.flatMap(({ kind, offset }): MapSpec["value"]["fields"] => {
    const half = { kind: "u64", offset } as const;
    return kind === "timer" ? [half, { ...half, offset: offset + 8 }] : [{ kind, offset }];
  });
  return { ...map, value: { ...map.value, fields } };
}

const hasTimer = ({ value }: MapSpec): boolean => value.fields.some(({ kind }) => kind === "timer");

/** Each map's first create step, by map. */
function firstCreations(reading: Reading): Map<number, StepEvent> {
  const creations = new Map<number, StepEvent>();
  for (const { event } of reading.steps("create-map"))
    if (!creations.has(event.step.map)) creations.set(event.step.map, event);
  return creations;
}

/**
 * A check of whether maps with a timer can be created. Map 0 of a case is the control, alike but without a timer:
 * where it is refused, a refusal proves nothing, and the case does not count.
 */
export function creates(expected: (map: MapSpec) => "created" | "refused" | "untold"): Check {
  return (reading) => {
    const { maps } = reading.scenario;
    if (maps.length < 2) return UNTOUCHED;
    const creations = firstCreations(reading);
    if (creations.get(0)?.outcome.result !== 0) return UNTOUCHED;
    const violations: Violation[] = [];
    let exercised = 0;
    for (const [index, event] of creations) {
      const map = maps[index];
      if (map === undefined || !hasTimer(map) || expected(map) === "untold") continue;
      exercised++;
      const { result } = event.outcome;
      if ((result === 0) === (expected(map) === "created")) continue;
      violations.push({
        at: event.at,
        expected: `map ${index}, with a timer, is ${expected(map)}`,
        observed: result === 0 ? "it was created" : `the creation failed with ${formatResult(result)}`,
        subject: map.type,
        event,
      });
    }
    return { exercised, violations };
  };
}
