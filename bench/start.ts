/**
 * How fast a kernel starts: `npm run bench`, or `node dist/bench/start.js 6.12 100` for another series than 6.1 and more
 * repeats than 20.
 *
 * - From opening it to a first verdict: from a snapshot, as a ratio to a boot.
 * - From starting QEMU to the agent's greeting: as a ratio to QEMU alone, which boots the same kernel on the same machine
 *   to an init that does nothing.
 * - How often repeats of a run are the same to the byte.
 */
import { createHash } from "node:crypto";
import { type Case, casesFor } from "../conformance/cases.ts";
import { judgeAlone } from "../conformance/judge-case.ts";
import type { Outcome } from "../harness/harness.ts";
import { buildAgent } from "../harness/kernel/agent-build.ts";
import { Guest } from "../harness/kernel/guest.ts";
import { findKernelImage } from "../harness/kernel/image.ts";
import { openKernel } from "../harness/kernel/index.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { bareBootMs } from "./bare-boot.ts";

const [series = "6.1", repeats = "20"] = process.argv.slice(2);
const GUARANTEE = "start.not-before-expiry";
const CASES = 20;
const SEED = 1;
const BOOTS = 3;
/** Boots differ by a tenth from one to the next. */
const PAIRS = 9;
const BOOT_LIMIT_MS = 120_000;
const ACCELERATOR = "tcg-icount";

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
  const kernel = await openKernel(`kernel:${series}`, { progress: console.error, once, accelerator: ACCELERATOR });
  const outcomes: Outcome[] = [];
  for (const item of cases.slice(0, 1)) {
    outcomes.push(...(await kernel.run([item.compiled])));
    for (const outcome of outcomes) judgeAlone(guarantee, item, outcome, kernel);
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

/** Milliseconds from starting QEMU to the greeting of our agent. */
async function greetingMs(kernel: string, initramfs: string): Promise<number> {
  const limits = { bootMs: BOOT_LIMIT_MS, snapshotMs: BOOT_LIMIT_MS, caseMs: BOOT_LIMIT_MS };
  const from = performance.now();
  const guest = await Guest.boot({ kernel, initramfs, accelerator: ACCELERATOR }, limits);
  const ms = performance.now() - from;
  if (!(guest instanceof Guest)) throw new Error(`the guest did not greet: ${guest.reason}`);
  await guest.close();
  return ms;
}

/** In turns, so that what else the machine does falls on both. */
async function boots(): Promise<{ oursMs: number; aloneMs: number }> {
  const kernel = await findKernelImage({ kind: "series", series }, console.error);
  const { initramfs } = await buildAgent(console.error);
  const ours: number[] = [];
  const alone: number[] = [];
  for (let index = 0; index < PAIRS; index++) {
    alone.push(await bareBootMs(kernel, ACCELERATOR));
    ours.push(await greetingMs(kernel, initramfs));
  }
  return { oursMs: median(ours), aloneMs: median(alone) };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

await starts(1, false);
const cold = median((await starts(BOOTS, true)).map(({ ms }) => ms));
const restored = await starts(Number(repeats), false);
const warm = median(restored.map(({ ms }) => ms));
const counts = new Map<string, number>();
for (const { digest } of restored) counts.set(digest, (counts.get(digest) ?? 0) + 1);
console.log(`kernel:${series}, boot to first verdict:     ${cold.toFixed(0)} ms (median of ${BOOTS})`);
console.log(
  `kernel:${series}, snapshot to first verdict: ${warm.toFixed(0)} ms (median of ${repeats}); ratio ${(warm / cold).toFixed(3)}`,
);
const { oursMs, aloneMs } = await boots();
console.log(`kernel:${series}, QEMU alone to its init:    ${aloneMs.toFixed(0)} ms (median of ${PAIRS})`);
console.log(
  `kernel:${series}, QEMU to our greeting:      ${oursMs.toFixed(0)} ms (median of ${PAIRS}); ratio ${(oursMs / aloneMs).toFixed(3)}`,
);
console.log(
  `byte-identical traces: ${Math.max(...counts.values())} of ${repeats} repeats of seed ${SEED}, ${CASES} cases`,
);
