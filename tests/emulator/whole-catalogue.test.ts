/**
 * No false alarm: whatever a healthy emulator does, in cases of all guarantees and in scenarios drawn at random, no
 * clause of any guarantee condemns it, but where a divergence is recorded. And each case reaches what it was drawn for.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type Case, casesFor, toCase } from "../../conformance/cases.ts";
import { inapplicable, Jury } from "../../conformance/jury.ts";
import { anyScenario } from "../../generators/scenario.ts";
import { openEmulator } from "../../harness/emulator/index.ts";
import type { Harness } from "../../harness/harness.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";

const SEED = 20_261;
const RANDOM = 300;
const RANDOM_AT_ONCE = 50;
const CASES = 20;
const REACHING_CASES = 50;
/** Each has behaviour of its own. */
const VERSIONS = ["6.1", "6.12", "7.2"];

const catalogue = await loadCatalogue();
const random = fc.sample(anyScenario, { seed: SEED, numRuns: RANDOM }).map(toCase);

/** Few at once: what fails is then named, and found soon. */
const samples: readonly (readonly [string, readonly Case[]])[] = [
  ...Array.from({ length: RANDOM / RANDOM_AT_ONCE }, (_, at) => {
    const from = at * RANDOM_AT_ONCE;
    return [`random scenarios from ${from}`, random.slice(from, from + RANDOM_AT_ONCE)] as const;
  }),
  ...catalogue.map(
    (guarantee) => [`cases of ${guarantee.id}`, casesFor(guarantee, SEED, CASES).slice(0, CASES)] as const,
  ),
];

/** What a jury says of a case: which clauses it reached, and which it broke without an excuse. */
async function judge(harness: Harness, jury: Jury, item: Case): Promise<{ reached: Set<string>; broken: string[] }> {
  const [outcome] = await harness.run([item.compiled]);
  if (outcome?.kind !== "trace") throw new Error(`the emulator gave ${outcome?.kind}`);
  const opinions = jury.judge(item, outcome);
  const name = ({ juror: { guarantee, clause } }: (typeof opinions)[number]): string =>
    `${guarantee.id}/${clause.name}`;
  return {
    reached: new Set(opinions.filter(({ exercised }) => exercised).map(name)),
    broken: opinions
      .filter(({ violation, excuse }) => violation !== undefined && excuse === undefined)
      .map((opinion) => `${name(opinion)}: ${opinion.violation?.expected}, ${opinion.violation?.observed}`),
  };
}

describe.each(VERSIONS)("on emulator:%s", (version) => {
  const harness = openEmulator(`emulator:${version}`);
  const jury = new Jury(catalogue, harness);

  test.each(samples)("no clause condemns %s", async (_, cases) => {
    const broken: string[] = [];
    for (const item of cases) broken.push(...(await judge(harness, jury, item)).broken);
    expect(broken).toEqual([]);
  });
});

describe("the cases of a guarantee reach all its clauses", () => {
  const harness = openEmulator("emulator");
  test.each(catalogue.filter((guarantee) => inapplicable(guarantee, harness) === undefined))(
    "$id",
    async (guarantee) => {
      const jury = new Jury([guarantee], harness);
      const cases = casesFor(guarantee, SEED, REACHING_CASES);
      const reached = await Promise.all(cases.map(async (item) => (await judge(harness, jury, item)).reached));
      for (const { name, reach } of guarantee.clauses) {
        const count = reached.filter((names) => names.has(`${guarantee.id}/${name}`)).length;
        expect(count / cases.length, name).toBeGreaterThanOrEqual(reach?.share ?? 1);
      }
    },
  );
});
