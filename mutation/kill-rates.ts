/**
 * Which tests to try first: those that kill most mutants for the time they take, and before that is known those that
 * reach few mutants, which are about the one in question. What is known is kept in a file of
 * the sandbox, because Stryker starts another process whenever a mutant hangs.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import type { DryRun } from "./dry-run.ts";

const FILE = "kill-rates.json";
/**
 * A test that reaches this many mutants or fewer is held to kill half of those it is tried on; another one the fewer the
 * more it reaches.
 */
const FEW_MUTANTS = 15;
/** How many mutants have to be tried for what they show to weigh as much as that. */
const PRIOR_WEIGHT = 20;
/** Where less time than this is measured, the clock is what was measured. */
const SHORTEST_MS = 0.05;

interface Rate {
  timeMs: number;
  /** How many mutants it reaches. */
  reached: number;
  tried: number;
  killed: number;
}

export class KillRates {
  readonly #rates: Map<string, Rate>;

  constructor(rates: Readonly<Record<string, Rate>>) {
    this.#rates = new Map(Object.entries(rates));
  }

  /** What a dry run tells: how long each test took, and how many mutants it reached. */
  static of({ tests, mutantCoverage: { perTest } }: DryRun): KillRates {
    const rates = tests.map(({ id, timeSpentMs }) => {
      const reached = Object.keys(perTest[id] ?? {}).length;
      return [id, { timeMs: timeSpentMs, reached, tried: 0, killed: 0 }] as const;
    });
    return new KillRates(Object.fromEntries(rates));
  }

  /** What an earlier process of this sandbox saved. */
  static async load(): Promise<KillRates> {
    return new KillRates(JSON.parse(await readFile(FILE, "utf8")) as Record<string, Rate>);
  }

  async save(): Promise<void> {
    // Another process may be about to read it.
    const own = `${FILE}.${process.pid}`;
    await writeFile(own, JSON.stringify(Object.fromEntries(this.#rates)));
    await rename(own, FILE);
  }

  /** How long the test takes without a mutant. */
  timeMsOf(id: string): number {
    return this.#rates.get(id)?.timeMs ?? 0;
  }

  count(id: string, isKilled: boolean): void {
    const rate = this.#rates.get(id);
    if (rate === undefined) return;
    rate.tried++;
    if (isKilled) rate.killed++;
  }

  /** The tests, those first that kill most mutants a millisecond. */
  ordered(ids: readonly string[]): string[] {
    const worth = (id: string): number => {
      const { timeMs, reached, tried, killed } = this.#rates.get(id) ?? { timeMs: 0, reached: 0, tried: 0, killed: 0 };
      const prior = Math.min(0.5, FEW_MUTANTS / (2 * Math.max(reached, 1)));
      return (killed + PRIOR_WEIGHT * prior) / (tried + PRIOR_WEIGHT) / Math.max(timeMs, SHORTEST_MS);
    };
    const worths = new Map(ids.map((id) => [id, worth(id)]));
    return ids.toSorted((one, other) => (worths.get(other) ?? 0) - (worths.get(one) ?? 0));
  }
}
