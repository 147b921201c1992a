/** The cases of tests/cases/ on kernels that stand for all that differ in them. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Harness } from "../../harness/harness.ts";
import { openKernel } from "../../harness/kernel/index.ts";
import { observe, RIGHT_VALUES, readCase, rightValue } from "../cases/right-values.ts";

describe.each(["6.1", "6.12", "7.3"])("on kernel:%s", (version) => {
  let harness: Harness;

  beforeAll(async () => {
    harness = await openKernel(`kernel:${version}`, { progress: () => undefined });
  });
  afterAll(() => harness.close());

  it.each(RIGHT_VALUES)("$file", async (value) => {
    const compiled = readCase(value.file);
    const [outcome] = await harness.run([compiled]);
    if (outcome?.kind !== "trace") throw new Error(`no trace: ${JSON.stringify(outcome)}`);
    expect(outcome.trace.complaints).toEqual([]);
    expect(observe(compiled, outcome.trace)).toMatchObject(rightValue(value, version));
  });
});
