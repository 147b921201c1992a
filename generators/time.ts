/** Delays on a coarse grid, so that which of two timers comes first never depends on how long anything takes. */
import fc from "fast-check";

/** One cell of the grid, nanoseconds: far more than the steps between two advances take on any runtime. */
export const GRID_NS = 20_000_000;

/** A delay of 1 to `cellsMax` cells, nanoseconds. */
export const delayNs = (cellsMax = 4): fc.Arbitrary<number> =>
  fc.integer({ min: 1, max: cellsMax }).map((cells) => cells * GRID_NS);

/**
 * Longer than a grace period and the work after it, nanoseconds: what the kernel releases asynchronously, such as the
 * inode of a removed pin, is gone by then.
 */
export const RELEASE_NS = 1_000_000_000;
