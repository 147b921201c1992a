/** How user space refers to map 0, and how it lets go of it. */
import fc from "fast-check";
import { advance, closeMap, openPin, pinMap, unpinMap } from "../scenario/build.ts";
import type { Step } from "../scenario/scenario.ts";
import { RELEASE_NS } from "../scenario/time.ts";

/** By its descriptor, by a pin alone, or by a descriptor opened from the pin. */
export const held: fc.Arbitrary<Step[]> = fc.constantFrom<Step[][]>(
  [],
  [pinMap(), closeMap()],
  [pinMap(), closeMap(), openPin(), unpinMap(), advance(RELEASE_NS)],
);

/** Closed, its pin removed before, or after. */
export const letGo: fc.Arbitrary<Step[]> = fc.constantFrom<Step[][]>(
  [closeMap()],
  [pinMap(), unpinMap(), advance(RELEASE_NS), closeMap()],
  [pinMap(), closeMap(), unpinMap(), advance(RELEASE_NS)],
);
