import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { batches } from "../../../../conformance/scheduling/batches.ts";
import { inOrder } from "../../../../conformance/scheduling/in-order.ts";

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

describe("inOrder", () => {
  it("gives results in the order of the tasks, and never has more under way than it may", async () => {
    const property = fc.asyncProperty(
      fc.scheduler(),
      fc.nat(20),
      fc.integer({ min: 1, max: 5 }),
      async (s, count, max) => {
        let [underWay, most] = [0, 0];
        const tasks = Array.from({ length: count }, (_, index) => async () => {
          most = Math.max(most, ++underWay);
          await s.schedule(Promise.resolve());
          underWay--;
          return index;
        });
        const results = await s.waitFor(collect(inOrder(tasks, max)));
        expect(results).toEqual(tasks.map((_, index) => index));
        expect(most).toBe(Math.min(max, count));
      },
    );
    await fc.assert(property);
  });

  it("fails as the first task that fails, after the results before it", async () => {
    const results: number[] = [];
    const tasks = [async () => 1, () => Promise.reject(new Error("first")), () => Promise.reject(new Error("second"))];
    const all = async () => {
      for await (const result of inOrder(tasks, 3)) results.push(result);
    };
    await expect(all()).rejects.toThrow("first");
    expect(results).toEqual([1]);
  });
});

it("batches draws no more than it is asked for", () => {
  let drawn = 0;
  function* numbers(): Generator<number> {
    for (;;) yield drawn++;
  }
  const [first] = batches(numbers(), 3);
  expect(first).toEqual([0, 1, 2]);
  expect(drawn).toBe(3);
});
