/** Work of which several pieces are under way at once, so that who does it never waits for who asks for it. */

/**
 * Starts tasks as they are drawn, up to `atOnce` before the first of them is done, and gives their results in their
 * order.
 * @throws {unknown} what the first task that fails throws
 */
export async function* inOrder<T>(tasks: Iterable<() => Promise<T>>, atOnce: number): AsyncGenerator<T> {
  const started: Promise<T>[] = [];
  for (const task of tasks) {
    const result = task();
    /* Whoever takes this result has its error; where an earlier one failed, nobody takes it. */
    result.catch(() => {});
    started.push(result);
    if (started.length < atOnce) continue;
    const [first] = started.splice(0, 1);
    if (first !== undefined) yield await first;
  }
  for (const result of started) yield await result;
}
