/** What checks of map creation have in common: a map with a timer beside one alike but for the timer. */
import { isDeepStrictEqual } from "node:util";
import { formatResult } from "../../bpf/errno.ts";
import type { MapSpec, Scenario } from "../../scenario/scenario.ts";
import { type Check, UNTOUCHED, type Violation } from "../guarantee.ts";
import { isCapable } from "./capability.ts";
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

/** Whether a map is alike but for the timer. */
export const isWithoutTimer = (control: MapSpec | undefined, map: MapSpec): boolean =>
  control?.type === map.type && !hasTimer(control) && isDeepStrictEqual(control, withoutTimer(map));

/** Whether a map of a case that is alike but for the timer was created. */
const isControlled = (reading: Reading, map: MapSpec, { maps }: Scenario): boolean =>
  reading
    .steps("create-map")
    .some(({ event }) => event.outcome.result === 0 && isWithoutTimer(maps[event.step.map], map));

/**
 * A check of whether maps with a timer can be created. A refusal counts only where a map is created that is alike but
 * for the timer: otherwise it proves nothing.
 */
export function creates(expected: (map: MapSpec) => "created" | "refused" | "untold"): Check {
  return (reading) => {
    const { scenario } = reading;
    const judged = reading.steps("create-map").flatMap(({ event }) => {
      const map = scenario.maps[event.step.map];
      if (map === undefined || !hasTimer(map)) return [];
      const expects = expected(map);
      if (expects === "untold") return [];
      const isKept = (event.outcome.result === 0) === (expects === "created");
      const tellsNothing = event.outcome.result !== 0 || isKept ? !isControlled(reading, map, scenario) : false;
      return tellsNothing || !isCapable(reading, event) ? [] : [{ event, map, expects, isKept }];
    });
    if (judged.length === 0) return UNTOUCHED;
    const violations = judged
      .filter(({ isKept }) => !isKept)
      .map(({ event, map, expects }): Violation => {
        const { result } = event.outcome;
        return {
          at: event.at,
          expected: `map ${event.step.map}, with a timer, is ${expects}`,
          observed: result === 0 ? "it was created" : `the creation failed with ${formatResult(result)}`,
          subject: map.type,
          event,
        };
      });
    return { exercised: judged.length, violations };
  };
}
