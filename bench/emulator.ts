/**
 * Cases per second of processor time on the emulator, from the generator to the verdict of the whole catalogue on each
 * trace, as a ratio to the rate at which the same process does nothing but draw and compile: `node dist/bench/emulator.js`.
 */
import { casesFor, drawCases } from "../conformance/cases.ts";
import { checkGuarantees } from "../conformance/check-guarantees.ts";
import { openEmulator } from "../harness/emulator/index.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { ratePerCpu } from "./rate.ts";

const CASES = 300;
const catalogue = await loadCatalogue();
const drawn = catalogue.filter(({ scenarios }) => !Array.isArray(scenarios));
const harness = openEmulator("emulator");

const round = (seed: number) => async (): Promise<number> => {
  const casesOf = (guarantee: Guarantee) => drawCases(guarantee, seed, CASES);
  const found = async () => undefined;
  let cases = 0;
  for await (const { results } of checkGuarantees(harness, { drawn, catalogue, casesOf, seed, found }))
    cases = results[0]?.traces ?? 0;
  return cases;
};

const drawOnly = (seed: number) => async (): Promise<number> =>
  drawn.reduce((sum, guarantee) => sum + casesFor(guarantee, seed, CASES).length, 0);

await round(1)();
const whole = await ratePerCpu(round(2));
const alone = await ratePerCpu(drawOnly(2));
console.log(
  `emulator, generator to the verdicts of ${catalogue.length} guarantees: ${Math.round(whole)} cases in a second of processor time`,
);
console.log(`drawing and compiling alone: ${Math.round(alone)} cases; ratio ${(whole / alone).toFixed(2)}`);
