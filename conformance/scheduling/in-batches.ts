/** Cases handed to runtimes batch by batch, so that they are never idle for what is drawn, compiled and judged beside. */
import { batches } from "./batches.ts";
import { breathe } from "./breathe.ts";
import { inOrder } from "./in-order.ts";

/** How many cases a harness is handed at once: few enough to be done soon, and for their traces to fit memory. */
const BATCH = 64;

/** While the harness is busy with one batch, the next is compiled and the one before is judged. */
const BATCHES_AT_ONCE = 2;

/**
 * Gives what `work` makes of each batch, in order; items are drawn as they are needed.
 * @throws {DOMException} AbortError where `signal` is raised between two batches
 */
export function inBatches<T, R>(
  items: Iterable<T>,
  work: (batch: T[]) => Promise<R>,
  signal: AbortSignal | undefined,
): AsyncGenerator<R> {
  function* tasks(): Generator<() => Promise<R>> {
    for (const batch of batches(items, BATCH))
      yield async () => {
        await breathe(signal);
        return work(batch);
      };
  }
  return inOrder(tasks(), BATCHES_AT_ONCE);
}
