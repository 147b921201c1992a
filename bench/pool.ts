/**
 * Cases per second on one guest and on two, from the generator to the verdict: `npm run bench`, or
 * `node dist/bench/pool.js 6.12 cancel.active 2000` for another series than 6.1, another guarantee and more cases.
 */
import { drawCases } from "../conformance/cases.ts";
import { checkGuarantee } from "../conformance/check-guarantee.ts";
import { openKernel } from "../harness/kernel/index.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { rate } from "./rate.ts";

const [series = "6.1", id = "start.not-before-expiry", cases = "1000"] = process.argv.slice(2);
const WARM_UP = 256;
const MS_PER_US = 1e-3;

async function subject(): Promise<Guarantee> {
  const guarantee = (await loadCatalogue()).find((each) => each.id === id);
  if (guarantee === undefined) throw new Error(`there is no ${id}`);
  return guarantee;
}

/** Cases a second, and how much of a processor this process takes for each guest. */
async function measure(guarantee: Guarantee, guests: number): Promise<{ casesPerS: number; ownShare: number }> {
  const harness = await openKernel(`kernel:${series}`, { progress: console.error, guests });
  const check = async (seed: number, count: number): Promise<number> => {
    const { result } = await checkGuarantee(guarantee, harness, { cases: drawCases(guarantee, seed, count), seed });
    if (result.verdict !== "holds") throw new Error(`${id} ${result.verdict}: ${result.reason ?? ""}`);
    return result.cases;
  };
  try {
    await check(1, WARM_UP);
    const before = process.cpuUsage();
    const startMs = performance.now();
    const casesPerS = await rate(() => check(2, Number(cases)));
    const { user, system } = process.cpuUsage(before);
    return { casesPerS, ownShare: ((user + system) * MS_PER_US) / (performance.now() - startMs) / guests };
  } finally {
    await harness.close();
  }
}

const guarantee = await subject();
const one = await measure(guarantee, 1);
const two = await measure(guarantee, 2);
for (const [guests, { casesPerS, ownShare }] of [one, two].entries())
  console.log(
    `kernel:${series}, ${id}, guests ${guests + 1}: ${casesPerS.toFixed(0)} cases/s, ${ownShare.toFixed(2)} processors of ours per guest`,
  );
console.log(`two guests to one: ratio ${(two.casesPerS / one.casesPerS).toFixed(2)}`);
