/**
 * Cases per second on the emulator, on one core, from the generator to the verdict, as a ratio to the rate at which
 * the same process does nothing but draw the scenarios: `npm run bench:emulator`.
 */
import { casesFor } from "../conformance/cases.ts";
import { checkGuarantee } from "../conformance/check-guarantee.ts";
import { openEmulator } from "../harness/emulator/index.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import { rate } from "./rate.ts";

const CASES = 300;
const guarantees = (await loadCatalogue()).filter(({ scenarios }) => !Array.isArray(scenarios));
const harness = openEmulator("emulator");

const round = (seed: number) => async (): Promise<number> => {
  let cases = 0;
  for (const guarantee of guarantees) {
    const drawn = casesFor(guarantee, seed, CASES);
    const { result } = await checkGuarantee(guarantee, harness, { cases: drawn, seed });
    cases += result.cases;
  }
  return cases;
};

const drawOnly = (seed: number) => async (): Promise<number> =>
  guarantees.reduce((sum, guarantee) => sum + casesFor(guarantee, seed, CASES).length, 0);

await round(1)();
const whole = await rate(round(2));
const drawn = await rate(drawOnly(2));
console.log(`emulator, generator to verdict: ${Math.round(whole)} cases/s on one core`);
console.log(`drawing and compiling alone:    ${Math.round(drawn)} cases/s; ratio ${(whole / drawn).toFixed(2)}`);
