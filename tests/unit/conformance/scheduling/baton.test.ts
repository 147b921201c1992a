import fc from "fast-check";
import { expect, it } from "vitest";
import { Baton } from "../../../../conformance/scheduling/baton.ts";

it("a baton is held by one at a time, in the order of asking, whatever takes how long", async () => {
  const property = fc.asyncProperty(fc.scheduler(), fc.integer({ min: 1, max: 8 }), async (scheduler, count) => {
    const baton = new Baton();
    const held: number[] = [];
    let holders = 0;
    const tasks = Array.from({ length: count }, async (_, index) => {
      const pass = await baton.take();
      expect(++holders).toBe(1);
      held.push(index);
      await scheduler.schedule(Promise.resolve());
      holders--;
      pass();
      pass();
    });
    await scheduler.waitFor(Promise.all(tasks));
    expect(held).toEqual(tasks.map((_, index) => index));
  });
  await fc.assert(property);
});
