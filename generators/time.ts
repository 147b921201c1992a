/** Delays on a coarse grid, so that which of two timers comes first never depends on how long anything takes. */
import fc from "fast-check";
import { GRID_NS } from "../scenario/time.ts";

/** A delay of 1 to `cellsMax` cells, nanoseconds. */
export const delayNs = (cellsMax = 4): fc.Arbitrary<number> =>
  fc.integer({ min: 1, max: cellsMax }).map((cells) => cells * GRID_NS);

/** The same, and some hundred microseconds that no coarser unit can hold. */
export const unevenDelayNs = (cellsMax = 4): fc.Arbitrary<number> =>
  fc.record({ whole: delayNs(cellsMax), odd: fc.nat({ max: 999_999 }) }).map(({ whole, odd }) => whole + odd);
