/**
 * From nothing to a first verdict, from a snapshot and by a boot, and how often repeats of a run are the same to the
 * byte: `npm run bench`, or `node dist/bench/start.js 6.12 100` for another series than 6.1 and more repeats than 20.
 */
import { createHash } from "node:crypto";
import { type Case, casesFor } from "../conformance/cases.ts";
import { judgeCase } from "../conformance/judge-case.ts";
import type { Outcome } from "../harness/harness.ts";
import { openKernel } from "../harness/kernel/index.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import type { Guarantee } from "../specs/guarantee.ts";

const [series = "6.1", repeats = "20"] = process.argv.slice(2);
const GUARANTEE = "start.not-before-expiry";
const CASES = 20;
const SEED = 1;
const BOOTS = 3;

interface Subject {
  guarantee: Guarantee;
  cases: readonly Case[];
}

async function subject(): Promise<Subject> {
  const guarantee = (await loadCatalogue()).find(({ id }) => id === GUARANTEE);
  if (guarantee === undefined) throw new Error(`there is no ${GUARANTEE}`);
  return { guarantee, cases: casesFor(guarantee, SEED, CASES) };
}

interface Start {
  ms: number;
  digest: string;
}

/** Starts a guest, judges one case, then runs them all. */
async function start({ guarantee, cases }: Subject, once: boolean): Promise<Start> {
  const from = performance.now();
  const kernel = await openKernel(`kernel:${series}`, { progress: console.error, once });
  const outcomes: Outcome[] = [];
  for (const item of cases.slice(0, 1)) {
    outcomes.push(...(await kernel.run([item.compiled])));
    for (const outcome of outcomes) judgeCase(guarantee, item, outcome, kernel);
  }
  const ms = performance.now() - from;
  outcomes.push(...(await kernel.run(cases.map(({ compiled }) => compiled))));
  await kernel.close();
  return { ms, digest: createHash("sha256").update(JSON.stringify(outcomes)).digest("hex") };
}

async function starts(count: number, once: boolean): Promise<Start[]> {
  const found: Start[] = [];
  const what = await subject();
  for (let index = 0; index < count; index++) found.push(await start(what, once));
  return found;
}

const median = (values: readonly Start[]): number =>
  values.map(({ ms }) => ms).sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

await starts(1, false);
const cold = median(await starts(BOOTS, true));
const restored = await starts(Number(repeats), false);
const warm = median(restored);
const counts = new Map<string, number>();
for (const { digest } of restored) counts.set(digest, (counts.get(digest) ?? 0) + 1);
console.log(`kernel:${series}, boot to first verdict:     ${cold.toFixed(0)} ms (median of ${BOOTS})`);
console.log(
  `kernel:${series}, snapshot to first verdict: ${warm.toFixed(0)} ms (median of ${repeats}); ratio ${(warm / cold).toFixed(3)}`,
);
console.log(
  `byte-identical traces: ${Math.max(...counts.values())} of ${repeats} repeats of seed ${SEED}, ${CASES} cases`,
);
