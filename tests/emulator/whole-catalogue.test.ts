/** Every trace of the emulator is judged by the whole catalogue, whatever it was made for: nothing is condemned that is right. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { casesFor, toCase } from "../../conformance/cases.ts";
import { judgeBatch } from "../../conformance/judge-case.ts";
import { Jury } from "../../conformance/jury.ts";
import { anyScenario } from "../../generators/scenario.ts";
import { openEmulator } from "../../harness/emulator/index.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";

const SEED = 1_808;
const RANDOM_CASES = 300;
const CASES = 20;

const catalogue = await loadCatalogue();
const cases = [
  ...fc.sample(anyScenario, { seed: SEED, numRuns: RANDOM_CASES }).map(toCase),
  ...catalogue.flatMap((guarantee) => casesFor(guarantee, SEED, CASES)),
];

test.each(["emulator:6.1", "emulator:6.12", "emulator:7.2"])("no clause condemns a trace of %s", async (runtime) => {
  const harness = openEmulator(runtime);
  const judged = await judgeBatch(cases, { harness, jury: new Jury(catalogue, harness) });
  const condemned = judged.flatMap(({ opinions, trouble }) => [
    ...(trouble === undefined ? [] : [trouble.kind]),
    ...opinions.flatMap(({ juror: { guarantee, clause }, violation, excuse }) =>
      violation === undefined || excuse !== undefined
        ? []
        : [`${guarantee.id}/${clause.name}: expected ${violation.expected}, ${violation.observed}`],
    ),
  ]);
  expect([...new Set(condemned)]).toEqual([]);
});
