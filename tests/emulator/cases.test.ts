/** The cases of tests/cases/ on the emulator, and what a replay of one says. */
import { describe, expect, test } from "vitest";
import { replay } from "../../conformance/replay.ts";
import { replayText } from "../../reports/replay-text.ts";
import { observe, RIGHT_VALUES, readCase, rightValue } from "../cases/right-values.ts";
import { execute } from "./emulator-scenarios.ts";

const VERSIONS = ["6.1", "6.12", "6.18", "7.0", "7.3"];

describe.each(RIGHT_VALUES)("$file", (value) => {
  test.each(VERSIONS)("on the emulator as %s", async (version) => {
    const compiled = readCase(value.file);
    const trace = await execute(compiled, `emulator:${version}`);
    expect(observe(compiled, trace)).toMatchObject(rightValue(value, version));
  });
});

test("a replay prints what this run gave, and no text that was saved", async () => {
  const compiled = readCase("stale-texts.json");
  const { expected = "", observed = "" } = compiled.origin ?? {};
  const text = replayText(await replay(compiled, "emulator:6.12", { progress: () => undefined }), {
    compiled,
    runtime: "emulator:6.12",
    statement: undefined,
  });
  expect([expected, observed].every((saved) => saved !== "")).toBe(true);
  expect(text).not.toContain(expected);
  expect(text).not.toContain(observed);
  expect(text).toContain("emulator:6.12 is 6.12");
});
