/** Several guests of one kernel: at work at once, started when it pays, from one snapshot, and gone afterwards. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Case, casesFor } from "../../conformance/cases.ts";
import type { Harness } from "../../harness/harness.ts";
import { buildAgent } from "../../harness/kernel/agent-build.ts";
import { Guest } from "../../harness/kernel/guest.ts";
import { GuestSource } from "../../harness/kernel/guest-source.ts";
import { findKernelImage } from "../../harness/kernel/image.ts";
import { openKernel } from "../../harness/kernel/index.ts";
import { compile } from "../../scenario/compile.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";
import { belongings, guests, ticksUsed } from "./belongings.ts";

/** `MANY=10000 npx vitest run --project kernel tests/kernel/pool.test.ts` for more. */
const MANY = Number(process.env.MANY ?? 3000);
const GUARANTEE = "start.not-before-expiry";
const SEED = 3;

/** Sleeps for a hundred days, which even where idle time costs nothing takes longer than any of these tests. */
const HANGING = compile({ maps: [], programs: [], steps: [{ kind: "advance", ns: 100 * 86_400_000_000_000 }] });

const progress = (line: string): void => console.error(line);

async function casesOf(count: number): Promise<Case[]> {
  const guarantee = (await loadCatalogue()).find(({ id }) => id === GUARANTEE);
  if (guarantee === undefined) throw new Error(`there is no ${GUARANTEE}`);
  return casesFor(guarantee, SEED, count);
}

const run = async (kernel: Harness, count: number) =>
  (await kernel.run((await casesOf(count)).map(({ compiled }) => compiled))).map(({ kind }) => kind);

/** Some cases, and one behind them that is never done. */
const runEndlessly = async (kernel: Harness) =>
  kernel.run([...(await casesOf(100)).map(({ compiled }) => compiled), HANGING]);

describe("several guests", () => {
  let before: ReturnType<typeof belongings>;
  beforeEach(() => {
    before = belongings();
  });
  /* Descriptors of a process that has ended are closed a moment later. */
  afterEach(() => expect.poll(belongings, { timeout: 5_000 }).toEqual(before));

  it("are at work at once where there is much to do, and not started where there is little", async () => {
    const kernel = await openKernel("kernel", { progress, guests: 2 });
    await run(kernel, 40);
    expect(guests()).toHaveLength(1);
    let isRunning = true;
    const running = run(kernel, MANY).finally(() => {
      isRunning = false;
    });
    let most: readonly { pid: number; ticks: number }[] = [];
    while (isRunning) {
      await sleep(50);
      const now = guests();
      if (now.length > most.length) most = now.map((pid) => ({ pid, ticks: ticksUsed(pid) }));
    }
    expect(new Set(await running)).toEqual(new Set(["trace"]));
    expect(most).toHaveLength(2);
    for (const { pid, ticks } of most) expect(ticksUsed(pid)).toBeGreaterThan(ticks);
    expect(guests()).toHaveLength(2);
    await kernel.close();
  });

  it("leave nothing behind when they are closed at work", async () => {
    const kernel = await openKernel("kernel", { progress, guests: 2 });
    const rejected = expect(runEndlessly(kernel)).rejects.toThrow("closed");
    await expect.poll(guests, { timeout: 10_000 }).toHaveLength(2);
    await kernel.close();
    await rejected;
  });

  it("leave nothing behind when they are aborted, whether one is at work or starting", async () => {
    for (const delayMs of [50, 300, 700, 1500]) {
      const abort = new AbortController();
      const kernel = await openKernel("kernel", { progress, guests: 2, signal: abort.signal });
      const running = Array.from({ length: 8 }, () => runEndlessly(kernel));
      const rejected = Promise.all(running.map((each) => expect(each).rejects.toThrow("interrupted")));
      await sleep(delayMs);
      const abortedMs = performance.now();
      abort.abort(new Error("interrupted"));
      await rejected;
      expect(performance.now() - abortedMs).toBeLessThan(2_000);
      await kernel.close();
    }
  });
});

describe("the first guests of a kernel", () => {
  const ownCache = process.env.XDG_CACHE_HOME;
  let cache = "";
  beforeEach(() => {
    cache = mkdtempSync(join(tmpdir(), "timerconf-cache-"));
  });
  afterEach(() => {
    if (ownCache === undefined) delete process.env.XDG_CACHE_HOME;
    else process.env.XDG_CACHE_HOME = ownCache;
    rmSync(cache, { recursive: true });
  });

  it("wait for one snapshot, when they start at once", async () => {
    const kernel = await findKernelImage({ kind: "any" }, progress);
    const { initramfs } = await buildAgent(progress);
    process.env.XDG_CACHE_HOME = cache;
    const lines: string[] = [];
    const limits = { bootMs: 120_000, snapshotMs: 20_000, caseMs: 20_000 };
    const accelerator = "tcg-icount";
    const options = { progress: (line: string) => void lines.push(line), measured: "", measureNs: async () => 0 };
    const source = new GuestSource({ kernel, initramfs, accelerator }, limits, options);
    const started = await Promise.all([source.start(), source.start(), source.start()]);
    expect(started.map((guest) => guest instanceof Guest)).toEqual([true, true, true]);
    expect(lines.filter((line) => line.startsWith("booting"))).toHaveLength(1);
    for (const guest of started) if (guest instanceof Guest) await guest.close();
  });
});
