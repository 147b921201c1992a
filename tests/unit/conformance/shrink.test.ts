import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { shrink } from "../../../conformance/shrink.ts";
import { anyScenario } from "../../../generators/scenario.ts";
import type { Scenario } from "../../../scenario/scenario.ts";

const holds = (predicate: (scenario: Scenario) => boolean) => async (batch: Scenario[]) => batch.map(predicate);
const inits = ({ programs }: Scenario): number =>
  programs.flatMap(({ operations }) => operations).filter(({ kind }) => kind === "timer-init").length;

describe("shrink", () => {
  test("keeps what shows it and drops everything else", async () => {
    const found = fc.sample(
      anyScenario.filter((scenario) => inits(scenario) >= 2),
      { seed: 3, numRuns: 20 },
    );
    for (const scenario of found) {
      const small = await shrink(
        scenario,
        holds((candidate) => inits(candidate) >= 2),
      );
      expect(small.steps).toEqual([]);
      expect(small.programs.length).toBeLessThanOrEqual(2);
      const kinds = small.programs.flatMap(({ operations }) => operations.map(({ kind }) => kind)).sort();
      const lookups = kinds.filter((kind) => kind === "lookup").length;
      expect(kinds).toEqual([...Array(lookups).fill("lookup"), "timer-init", "timer-init"]);
      expect(lookups).toBeLessThanOrEqual(2);
    }
  });

  test("returns a scenario that nothing smaller shows unchanged", async () => {
    const [scenario] = fc.sample(anyScenario, { seed: 4, numRuns: 1 }) as [Scenario];
    expect(
      await shrink(
        scenario,
        holds(() => false),
      ),
    ).toBe(scenario);
  });

  test("never offers a scenario that does not compile, and ends", async () => {
    const scenarios = fc.sample(anyScenario, { seed: 5, numRuns: 20 });
    for (const scenario of scenarios) {
      const small = await shrink(
        scenario,
        holds(() => true),
      );
      expect(small).toEqual({ maps: [], programs: [], steps: [] });
    }
  });
});
