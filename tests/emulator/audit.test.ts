/** A smaller audit: what of true traces can be made wrong unseen stays small, and is a matter of few kinds. */
import { expect, test } from "vitest";
import { audit } from "../../conformance/audit/audit.ts";
import { CORRUPTION_KINDS } from "../../conformance/audit/corruptions.ts";
import { openEmulator } from "../../harness/emulator/index.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";

const catalogue = await loadCatalogue();

/** Kinds of which nothing goes unseen. */
const ALWAYS_NOTICED = [
  "return value",
  "firing early",
  "firing late",
  "other map",
  "other callback",
  "call doubled",
  "complaint",
] as const;

/** The share of all corruptions that still goes unseen and is on no list: to be brought to nothing. */
const GAPS_SHARE = 0.025;
const UNPROMISED_SHARE = 0.03;

test("single wrong observations are noticed", async () => {
  const { kinds, gaps } = await audit(openEmulator("emulator:7.2"), { catalogue, seed: 7, cases: 1, random: 60 });
  expect([...kinds.keys()].sort()).toEqual([...CORRUPTION_KINDS].sort());
  const tallies = [...kinds.values()];
  const tried = tallies.reduce((sum, each) => sum + each.tried, 0);
  const unpromised = tallies.reduce((sum, each) => sum + each.unpromised, 0);
  for (const kind of ALWAYS_NOTICED) expect(kinds.get(kind)?.noticed, kind).toBe(kinds.get(kind)?.tried);
  expect(unpromised / tried).toBeLessThan(UNPROMISED_SHARE);
  expect(gaps.length / tried).toBeLessThan(GAPS_SHARE);
});
