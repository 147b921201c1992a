/**
 * Guests whose QEMU is killed at random moments, at work as well as while they start: no verdict is lost or changed.
 * `KILLS=50 npx vitest run --project kernel tests/kernel/kills.test.ts` for more; SEED repeats the moments.
 */
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { expect, it } from "vitest";
import { casesFor } from "../../conformance/cases.ts";
import { judgeAlone } from "../../conformance/judge-case.ts";
import type { Harness } from "../../harness/harness.ts";
import { openKernel } from "../../harness/kernel/index.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";
import { guests } from "./belongings.ts";

const KILLS = Number(process.env.KILLS ?? 8);
const SEED = Number(process.env.SEED ?? Date.now() % 2 ** 31);
const CASES = 60;
const CASE_SEED = 9;
const GUARANTEES = ["start.not-before-expiry", "cancel.active", "ownership.close-cancels"];

/** After how long, and the how-manieth of the guests there are. */
const kills = fc.sample(fc.record({ afterMs: fc.integer({ min: 300, max: 2000 }), which: fc.nat(5) }), {
  seed: SEED,
  numRuns: KILLS,
});

const items = (await loadCatalogue())
  .filter(({ id }) => GUARANTEES.includes(id))
  .flatMap((guarantee) => casesFor(guarantee, CASE_SEED, CASES).map((item) => ({ guarantee, item })));

async function verdicts(kernel: Harness): Promise<string[]> {
  const outcomes = await kernel.run(items.map(({ item }) => item.compiled));
  return items.map(({ guarantee, item }, index) => {
    const outcome = outcomes[index];
    return outcome === undefined ? "none" : JSON.stringify(judgeAlone(guarantee, item, outcome, kernel));
  });
}

it(`${KILLS} kills change no verdict`, { timeout: 60_000 + KILLS * 10_000 }, async () => {
  console.error(`SEED=${SEED}`);
  const kernel = await openKernel("kernel", { progress: console.error, guests: 2 });
  try {
    const undisturbed = await verdicts(kernel);
    expect(new Set(undisturbed)).toEqual(new Set(['{"kind":"holds"}']));
    let killed = 0;
    const killing = (async () => {
      for (const { afterMs, which } of kills) {
        await sleep(afterMs);
        const pids = guests();
        const pid = pids[which % pids.length];
        if (pid === undefined) continue;
        process.kill(pid, "SIGKILL");
        killed++;
      }
      return "over";
    })();
    let isOver = false;
    void killing.then(() => {
      isOver = true;
    });
    do expect(await verdicts(kernel)).toEqual(undisturbed);
    while (!isOver);
    await killing;
    expect(killed).toBeGreaterThan(KILLS / 2);
  } finally {
    await kernel.close();
  }
});
