/** A smaller audit: no observation of a true trace can be made wrong unseen, but for what nobody promised. */
import { describe, expect, test } from "vitest";
import { audit } from "../../conformance/audit/audit.ts";
import { CORRUPTION_KINDS } from "../../conformance/audit/corruptions.ts";
import { openEmulator } from "../../harness/emulator/index.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";

const catalogue = await loadCatalogue();

/** What the list of what nobody promised may cover, as a share of all. */
const UNPROMISED_SHARE = 0.03;

test("single wrong observations are noticed", async () => {
  const { kinds, gaps } = await audit(openEmulator("emulator:7.2"), { catalogue, seed: 7, cases: 1, random: 60 });
  expect([...kinds.keys()].sort()).toEqual([...CORRUPTION_KINDS].sort());
  const tallies = [...kinds.values()];
  const tried = tallies.reduce((sum, each) => sum + each.tried, 0);
  const unpromised = tallies.reduce((sum, each) => sum + each.unpromised, 0);
  expect(unpromised / tried).toBeLessThan(UNPROMISED_SHARE);
  expect(gaps.map(({ corruption: { kind, subject, was, now } }) => ({ kind, subject, was, now }))).toEqual([]);
});

/** One guarantee at a time: what fails is then named, and found soon. */
describe("a wrong observation is noticed", () => {
  test.each(catalogue)("in a case of $id", async (guarantee) => {
    const options = { catalogue, drawnBy: [guarantee], seed: 7, cases: 1, random: 0 };
    const { gaps } = await audit(openEmulator("emulator:7.2"), options);
    expect(gaps.map(({ corruption: { kind, subject, was, now } }) => ({ kind, subject, was, now }))).toEqual([]);
  });
});
