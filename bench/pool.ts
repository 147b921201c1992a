/**
 * Cases per second on one guest and on two, from the generator to the verdict, in turns, as a machine is not always
 * equally fast: `npm run bench`, or `node dist/bench/pool.js 6.12 cancel.active 2000` for another series than 6.1,
 * another guarantee and more cases.
 */
import { drawCases } from "../conformance/cases.ts";
import { checkGuarantee } from "../conformance/check-guarantee.ts";
import { openKernel } from "../harness/kernel/index.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { rate } from "./rate.ts";

const [series = "6.1", id = "start.not-before-expiry", cases = "1000"] = process.argv.slice(2);
const WARM_UP = 512;
const ROUNDS = 5;
const MS_PER_US = 1e-3;

async function subject(): Promise<Guarantee> {
  const guarantee = (await loadCatalogue()).find((each) => each.id === id);
  if (guarantee === undefined) throw new Error(`there is no ${id}`);
  return guarantee;
}

/** Cases a second, and how much of a processor this process takes for each guest. */
interface Rate {
  casesPerS: number;
  ownShare: number;
}

async function measure(guarantee: Guarantee, guests: number): Promise<Rate> {
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
const rounds: { one: Rate; two: Rate; ratio: number }[] = [];
for (let round = 0; round < ROUNDS; round++) {
  const [one, two] = [await measure(guarantee, 1), await measure(guarantee, 2)];
  rounds.push({ one, two, ratio: two.casesPerS / one.casesPerS });
}
const { one, two, ratio } = rounds.sort((a, b) => a.ratio - b.ratio)[ROUNDS >> 1] as (typeof rounds)[number];
const text = ({ casesPerS, ownShare }: Rate): string =>
  `${casesPerS.toFixed(0)} cases/s, ${ownShare.toFixed(2)} processors of ours per guest`;
console.log(`kernel:${series}, ${id}, one guest:  ${text(one)}`);
console.log(
  `kernel:${series}, ${id}, two guests: ${text(two)}; ratio ${ratio.toFixed(2)} (median of ${ROUNDS} rounds)`,
);
