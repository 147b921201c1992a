/** Operations done by a program itself, or by a callback of another timer that the program arms. */
import fc from "fast-check";
import { CLOCK } from "../bpf/uapi.ts";
import { advance, callback, init, lookup, program, run, setCallback, start } from "../scenario/build.ts";
import type { ProgramType } from "../scenario/program-types.ts";
import type { Callback, MapSpec, Operation, ProgramSpec, Step } from "../scenario/scenario.ts";
import { GRID_NS } from "../scenario/time.ts";
import { SIMPLE_MAP } from "./map.ts";

/** Who does the operations of a case. */
export type Place = "program" | "callback";
export const place: fc.Arbitrary<Place> = fc.constantFrom("program", "callback");

/** A program, the maps it uses, and the steps in which its operations are done. */
export interface Placed {
  maps: MapSpec[];
  spec: ProgramSpec;
  /** The steps that make program `index` do its operations. */
  steps(index?: number): Step[];
}

/** Map 1 holds the timer whose callback does the operations, where one does. */
const CARRIER = 1;

/** These operations, which begin with the lookup of what they are about in map 0; `callbacks` are those they may set. */
export function placed(
  where: Place,
  map: MapSpec,
  operations: Operation[],
  { callbacks = [callback()], type }: { callbacks?: Callback[]; type?: ProgramType | undefined } = {},
): Placed {
  if (where === "program")
    return { maps: [map], spec: program(operations, callbacks, type), steps: (index) => [run(index)] };
  const arming = [lookup(CARRIER, 0), init(CARRIER, CLOCK.MONOTONIC), setCallback(callbacks.length), start(GRID_NS)];
  return {
    maps: [map, SIMPLE_MAP],
    spec: program(arming, [...callbacks, callback(operations)], type),
    steps: (index) => [run(index), advance(2 * GRID_NS)],
  };
}
