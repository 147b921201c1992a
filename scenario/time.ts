/** The lengths of time that scenarios are written in: delays on a coarse grid, and what a kernel takes to let go. */

/** One cell of the grid, nanoseconds: far more than the steps between two advances take on any runtime. */
export const GRID_NS = 20_000_000;

/**
 * Longer than a grace period and the work after it, nanoseconds: what the kernel releases asynchronously, such as the
 * inode of a removed pin, is gone by then.
 */
export const RELEASE_NS = 1_000_000_000;
