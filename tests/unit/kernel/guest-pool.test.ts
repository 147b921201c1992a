import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Outcome } from "../../../harness/harness.ts";
import { GuestPool, type Worker } from "../../../harness/kernel/guest-pool.ts";
import type { Work } from "../../../harness/kernel/guest-worker.ts";
import { compile } from "../../../scenario/compile.ts";
import type { CompiledScenario } from "../../../scenario/compiled-scenario.ts";

const NOTHING = compile({ maps: [], programs: [], steps: [] });
const cases = (count: number): CompiledScenario[] => Array.from({ length: count }, () => ({ ...NOTHING }));
/** As many as it takes for one more worker to be worth its start. */
const MANY = 64;

/** What happens to a guest in a case: nothing, it dies of it, or somebody kills its QEMU, so many times. */
type Fate = "fine" | "deadly" | 1 | 2 | 3;

const error = (reason: string): Outcome => ({ kind: "error", reason });
const DIED: Outcome = { kind: "died", reason: "the guest ended", console: "" };
const KILLED: Outcome = { kind: "died", reason: "QEMU ended (SIGKILL)", console: "" };
const EXPECTED: Record<Fate, (name: string) => Outcome> = {
  fine: error,
  deadly: () => DIED,
  1: error,
  2: error,
  3: () => KILLED,
};

type Pause = () => Promise<unknown>;
const noPause: Pause = async () => {};

/** Workers whose outcome of a case is its name; each step of theirs takes a pause. */
class Fakes {
  readonly names = new Map<CompiledScenario, string>();
  readonly fates = new Map<CompiledScenario, Fate>();
  readonly runs = new Map<CompiledScenario, number>();
  readonly workers: { isAlive: boolean; isKilled: boolean; chunks: number[]; closes: number }[] = [];
  readonly pause: Pause;
  canStart: (worker: number) => boolean = () => true;

  constructor(pause: Pause = noPause) {
    this.pause = pause;
  }

  named(scenarios: readonly CompiledScenario[], fates: readonly Fate[] = []): CompiledScenario[] {
    for (const [index, scenario] of scenarios.entries()) {
      this.names.set(scenario, `case ${this.names.size}`);
      this.fates.set(scenario, fates[index] ?? "fine");
    }
    return [...scenarios];
  }

  expected(scenario: CompiledScenario): Outcome {
    return EXPECTED[this.fates.get(scenario) ?? "fine"](this.names.get(scenario) ?? "");
  }

  readonly newWorker = (): Worker => {
    const number = this.workers.length;
    const state = { isAlive: false, isKilled: false, chunks: [] as number[], closes: 0 };
    this.workers.push(state);
    return {
      start: async () => {
        if (state.isAlive) return undefined;
        await this.pause();
        state.isAlive = this.canStart(number);
        return state.isAlive ? undefined : "no memory";
      },
      run: async (scenarios) => {
        if (!state.isAlive) throw new Error("a worker without a guest was set to work");
        state.chunks.push(scenarios.length);
        const work: Work = { results: [], wasKilled: false };
        for (const scenario of scenarios) {
          await this.pause();
          const runs = (this.runs.get(scenario) ?? 0) + 1;
          this.runs.set(scenario, runs);
          const fate = this.fates.get(scenario) ?? "fine";
          work.wasKilled = state.isKilled || (typeof fate === "number" && runs <= fate);
          state.isAlive = !work.wasKilled && fate !== "deadly";
          const outcome = error(this.names.get(scenario) ?? "");
          work.results.push({ outcome: state.isAlive ? outcome : work.wasKilled ? KILLED : DIED });
          if (!state.isAlive) break;
        }
        return work;
      },
      kill: () => {
        state.isKilled = true;
      },
      close: async () => {
        state.closes++;
        state.isAlive = false;
      },
    };
  };

  async pool(workersMax: number, signal?: AbortSignal): Promise<GuestPool> {
    const first = this.newWorker();
    await first.start();
    return new GuestPool({ workersMax, newWorker: this.newWorker, ...(signal ? { signal } : {}) }, first);
  }
}

const outcomesOf = async (pool: GuestPool, scenarios: readonly CompiledScenario[]): Promise<Outcome[]> =>
  (await pool.run(scenarios)).map(({ outcome }) => outcome);

const fates = fc.array(fc.constantFrom<Fate>("fine", "fine", "fine", "fine", "deadly", 1, 2, 3), { maxLength: 100 });

describe("a pool", () => {
  it("gives the outcomes in the order of the cases, whatever the timing, the deaths and the kills", async () => {
    const property = fc.asyncProperty(
      fc.scheduler(),
      fc.array(fates, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 4 }),
      async (scheduler, lists, workersMax) => {
        let isRunning = false;
        const fakes = new Fakes(async () => (isRunning ? scheduler.schedule(Promise.resolve()) : undefined));
        const runs = lists.map((list) => fakes.named(cases(list.length), list));
        const pool = await fakes.pool(workersMax);
        isRunning = true;
        const outcomes = await scheduler.waitFor(Promise.all(runs.map((run) => outcomesOf(pool, run))));
        expect(outcomes).toEqual(runs.map((run) => run.map((scenario) => fakes.expected(scenario))));
        for (const [scenario, fate] of fakes.fates)
          expect(fakes.runs.get(scenario)).toBe(typeof fate === "number" ? Math.min(fate + 1, 3) : 1);
        expect(fakes.workers.length).toBeLessThanOrEqual(workersMax);
      },
    );
    await fc.assert(property, { numRuns: 200 });
  });

  it("starts no second guest for a few cases, and not more than it may for many", async () => {
    const fakes = new Fakes();
    const pool = await fakes.pool(3);
    await pool.run(fakes.named(cases(MANY - 1)));
    expect(fakes.workers).toHaveLength(1);
    await pool.run(fakes.named(cases(10 * MANY)));
    expect(fakes.workers).toHaveLength(3);
    for (const { chunks } of fakes.workers) expect(chunks.length).toBeGreaterThan(0);
  });

  it("lets another guest take the cases that a dead one has left", async () => {
    const fakes = new Fakes();
    const pool = await fakes.pool(2);
    await pool.run(fakes.named(cases(2 * MANY)));
    fakes.canStart = () => false;
    const last = fakes.named(cases(20), ["deadly"]);
    expect(await outcomesOf(pool, last)).toEqual(last.map((scenario) => fakes.expected(scenario)));
  });

  it("goes on with fewer guests where a further one cannot be started, and does not try for ever", async () => {
    const fakes = new Fakes();
    let starts = 0;
    const pool = await fakes.pool(3);
    fakes.canStart = () => {
      starts++;
      return false;
    };
    const many = fakes.named(cases(10 * MANY));
    expect(await outcomesOf(pool, many)).toEqual(many.map((scenario) => fakes.expected(scenario)));
    expect(starts).toBe(2);
  });

  it("gives errors where no guest can be started any more, and tries again for the next cases", async () => {
    const fakes = new Fakes();
    const pool = await fakes.pool(1);
    fakes.canStart = () => false;
    const failing = fakes.named(cases(30), ["deadly"]);
    const [first, ...others] = await outcomesOf(pool, failing);
    expect(first).toEqual(DIED);
    expect(others).toEqual(Array(29).fill(error("the guest could not be started again: no memory")));
    fakes.canStart = () => true;
    const next = fakes.named(cases(1));
    expect(await outcomesOf(pool, next)).toEqual(next.map((scenario) => fakes.expected(scenario)));
  });

  it("rejects all that is under way with the reason of an abort, and what comes later", async () => {
    const abort = new AbortController();
    const fakes = new Fakes(async () => abort.signal.throwIfAborted());
    const pool = await fakes.pool(2, abort.signal);
    const running = [cases(MANY), cases(MANY)].map((list) => pool.run(fakes.named(list)));
    abort.abort(new Error("interrupted"));
    for (const run of running) await expect(run).rejects.toThrow("interrupted");
    await expect(pool.run(cases(1))).rejects.toThrow("interrupted");
    await pool.close();
    for (const { closes } of fakes.workers) expect(closes).toBe(1);
  });

  it("ends its guests when it is closed, and rejects what is under way", async () => {
    const fakes = new Fakes(() => new Promise((resolve) => setTimeout(resolve, 1)));
    const pool = await fakes.pool(2);
    const running = pool.run(fakes.named(cases(4 * MANY)));
    const rejected = expect(running).rejects.toThrow("closed");
    await fakes.pause();
    await pool.close();
    await rejected;
    expect(fakes.workers).toHaveLength(2);
    for (const { closes } of fakes.workers) expect(closes).toBe(1);
    await expect(pool.run(cases(1))).rejects.toThrow("closed");
  });

  it("runs cases in a fresh guest, which it ends, beside the others", async () => {
    const fakes = new Fakes();
    const pool = await fakes.pool(1);
    const [beside, alone] = [fakes.named(cases(20)), fakes.named(cases(3), ["fine", "deadly"])];
    const [outcomes, fresh] = await Promise.all([outcomesOf(pool, beside), pool.runFresh(alone)]);
    expect(outcomes).toEqual(beside.map((scenario) => fakes.expected(scenario)));
    expect(fresh).toEqual(alone.slice(0, 2).map((scenario) => fakes.expected(scenario)));
    expect(fakes.workers.map(({ chunks, closes }) => [chunks.length > 0, closes])).toEqual([
      [true, 0],
      [true, 1],
    ]);
    fakes.canStart = () => false;
    expect(await pool.runFresh(alone)).toEqual([]);
  });
});
