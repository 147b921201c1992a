/**
 * Cases per second on one guest, from the generator to the verdict, as a ratio to the same cases as a bare loop of
 * system calls in the same kind of guest: `npm run bench`, or `node dist/bench/kernel.js 6.12 tcg-icount 9` for another
 * series than 6.1, counting instructions instead of plain TCG, and another seed than 1.
 *
 * Two lots of cases: one program that starts a timer, run five times, whose numbers are drawn for each case; and what the
 * guarantees draw, of which the bare loop can execute those that let no time pass.
 */
import fc from "fast-check";
import { casesFor } from "../conformance/cases.ts";
import { checkGuarantee } from "../conformance/check-guarantee.ts";
import { timerClock } from "../generators/clock.ts";
import { SIMPLE_MAP } from "../generators/map.ts";
import { findKernelImage } from "../harness/kernel/image.ts";
import { openKernel } from "../harness/kernel/index.ts";
import type { Accelerator } from "../harness/kernel/qemu.ts";
import { callback, init, lookup, program, run, scenario, setCallback, start } from "../scenario/build.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { isAtLeast } from "../scenario/release.ts";
import type { Scenario } from "../scenario/scenario.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { bareCases, isBare } from "./bare-cases.ts";
import { runBareGuest } from "./bare-guest.ts";
import { rate } from "./rate.ts";

const [series = "6.1", accelerator = "tcg", seedText = "1"] = process.argv.slice(2);
const SEED = Number(seedText);
const WARM_UP = 64;
/** Of each guarantee, before those that the bare loop cannot execute are left out. */
const DRAWN = 200;
const RUNS = 5;
const MAKING: ReadonlySet<string> = new Set(["create-map", "load-program"]);
const SUBJECTS = /^(init|start|cancel|set-callback)\./;

/** What is run and judged together. */
interface Lot {
  name: string;
  guarantees: readonly Guarantee[];
  /** Of each guarantee. */
  draw: number;
}

const drawn = (guarantee: Guarantee, count: number) =>
  casesFor(guarantee, SEED, count).filter(({ compiled }) => isBare(compiled));

const drawnOf = ({ guarantees, draw }: Lot): CompiledScenario[] =>
  guarantees.flatMap((each) => drawn(each, draw).map(({ compiled }) => compiled));

/** A map, and a program that starts its timer, run several times. */
const starting: fc.Arbitrary<Scenario> = fc
  .record({ s: fc.integer({ min: 1, max: 1000 }), clock: timerClock })
  .map(({ s, clock }) =>
    scenario(
      [SIMPLE_MAP],
      [program([lookup(0, 0), init(0, clock), setCallback(0), start(s * 1_000_000_000)], [callback()])],
      Array.from({ length: RUNS }, () => run()),
    ),
  );

/** Bare cases a second, by the wall clock of this machine. */
async function bareRate(kernel: string, cases: readonly CompiledScenario[]): Promise<number> {
  let startMs = Number.NaN;
  let endMs = Number.NaN;
  const line = (text: string, ms: number): void => {
    if (text.includes("FAILED")) throw new Error(`the bare loop failed: ${text}`);
    if (text.includes("MARK start")) startMs = ms;
    if (text.includes("MARK end")) endMs = ms;
  };
  const headers = { "cases.h": `enum { WARM_UP = ${WARM_UP} };\n${bareCases(cases)}\n` };
  await runBareGuest({ kernel, accelerator: accelerator as Accelerator, source: "bare-loop.c", headers, line });
  return (cases.length * 1000) / (endMs - startMs);
}

const progress = (line: string): void => console.error(line);
const kernel = await findKernelImage({ kind: "series", series }, progress);
const catalogue = (await loadCatalogue()).filter(({ id }) => SUBJECTS.test(id));
const harness = await openKernel(`kernel:${series}`, { progress, guests: 1, accelerator: accelerator as Accelerator });
const { linux } = harness;

/** Whether the kernel takes every map and program of its cases: with a refusal there is nothing to compare. */
async function loads(guarantee: Guarantee): Promise<boolean> {
  const cases = drawn(guarantee, DRAWN).map(({ compiled }) => compiled);
  const outcomes = await harness.run(cases);
  return outcomes.every(
    (outcome, index) =>
      outcome.kind === "trace" &&
      outcome.trace.steps.every(({ result }, at) => result === 0 || !MAKING.has(cases[index]?.steps[at]?.kind ?? "")),
  );
}

const judged: Guarantee[] = [];
for (const each of catalogue) {
  const applies = linux !== undefined && isAtLeast(linux, each.since) && drawn(each, DRAWN).length > 0;
  if (applies && (await loads(each))) judged.push(each);
}
await harness.close();

/** Cases a second on a new guest, drawn, compiled, run and judged. */
async function wholeRate({ guarantees, draw }: Lot): Promise<number> {
  const fresh = await openKernel(`kernel:${series}`, { progress, guests: 1, accelerator: accelerator as Accelerator });
  try {
    return await rate(async () => {
      let cases = 0;
      for (const guarantee of guarantees) {
        const { result } = await checkGuarantee(guarantee, fresh, { cases: drawn(guarantee, draw), seed: SEED });
        if (result.verdict !== "holds") throw new Error(`${guarantee.id} ${result.verdict}: ${result.reason ?? ""}`);
        cases += result.cases;
      }
      return cases;
    });
  } finally {
    await fresh.close();
  }
}

const ofStarting = catalogue
  .filter(({ id }) => id === "start.succeeds")
  .map((each) => ({ ...each, scenarios: starting }));
const lots: readonly Lot[] = [
  { name: "one program with other numbers", guarantees: ofStarting, draw: 2000 },
  { name: "what guarantees draw", guarantees: judged, draw: DRAWN },
];
for (const lot of lots) {
  const cases = drawnOf(lot);
  const bare = await bareRate(kernel, cases);
  const whole = await wholeRate(lot);
  console.log(`kernel:${series} (${accelerator}), ${lot.name}, ${cases.length} cases, seed ${SEED}:`);
  console.log(
    `  generator to verdict ${whole.toFixed(0)} cases/s; bare C loop ${bare.toFixed(0)}; ratio ${(whole / bare).toFixed(2)}`,
  );
}
