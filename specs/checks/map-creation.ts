/** What checks of map creation have in common: a map with a timer beside one alike but for the timer. */
import { formatResult } from "../../bpf/errno.ts";
import type { History } from "../../scenario/history.ts";
import type { MapSpec } from "../../scenario/scenario.ts";
import type { Judgement, Violation } from "../guarantee.ts";

/** The same map with nothing but numbers where its timer was. */
export function withoutTimer(map: MapSpec): MapSpec {
  const fields = map.value.fields.flatMap(({ kind, offset }): MapSpec["value"]["fields"] => {
    const half = { kind: "u64", offset } as const;
    return kind === "timer" ? [half, { ...half, offset: offset + 8 }] : [{ kind, offset }];
  });
  return { ...map, value: { ...map.value, fields } };
}

const hasTimer = ({ value }: MapSpec): boolean => value.fields.some(({ kind }) => kind === "timer");

/** The result of each map's first create step, by map. */
function createResults(history: History): Map<number, { at: number; result: number }> {
  const results = new Map<number, { at: number; result: number }>();
  for (const event of history.events)
    if (event.kind === "step" && event.step.kind === "create-map" && !results.has(event.step.map))
      results.set(event.step.map, { at: event.at, result: event.outcome.result });
  return results;
}

/**
 * A check of whether maps with a timer can be created. Map 0 of a case is the control, alike but without a timer:
 * where it is refused, a refusal proves nothing, and the case does not count.
 */
export function creates(expected: (map: MapSpec) => "created" | "refused" | "untold"): (history: History) => Judgement {
  return (history) => {
    const results = createResults(history);
    const violations: Violation[] = [];
    let exercised = 0;
    if (results.get(0)?.result !== 0) return { exercised, violations };
    for (const [index, { at, result }] of results) {
      const map = history.scenario.maps[index];
      if (map === undefined || !hasTimer(map) || expected(map) === "untold") continue;
      exercised++;
      if ((result === 0) === (expected(map) === "created")) continue;
      violations.push({
        at,
        expected: `map ${index}, with a timer, is ${expected(map)}`,
        observed: result === 0 ? "it was created" : `the creation failed with ${formatResult(result)}`,
        subject: map.type,
      });
    }
    return { exercised, violations };
  };
}
