/**
 * Which tests to try first: those that kill most mutants for the time they take. What is known is kept in a file of
 * the sandbox, because Stryker starts another process whenever a mutant hangs.
 */
import { readFile, writeFile } from "node:fs/promises";

const FILE = "kill-rates.json";
/** So much is a test held to kill before it was ever tried: 1 of 20 mutants. */
const PRIOR = { killed: 1, tried: 20 };
/** Where less time than this is measured, the clock is what was measured. */
const SHORTEST_MS = 0.05;

interface Rate {
  timeMs: number;
  tried: number;
  killed: number;
}

export class KillRates {
  readonly #rates: Map<string, Rate>;

  constructor(rates: Readonly<Record<string, Rate>>) {
    this.#rates = new Map(Object.entries(rates));
  }

  /** Nothing but how long each test took. */
  static of(results: readonly { id: string; timeSpentMs: number }[]): KillRates {
    const rates = results.map(({ id, timeSpentMs }) => [id, { timeMs: timeSpentMs, tried: 0, killed: 0 }] as const);
    return new KillRates(Object.fromEntries(rates));
  }

  /** What an earlier process of this sandbox saved. */
  static async load(): Promise<KillRates> {
    return new KillRates(JSON.parse(await readFile(FILE, "utf8")) as Record<string, Rate>);
  }

  async save(): Promise<void> {
    await writeFile(FILE, JSON.stringify(Object.fromEntries(this.#rates)));
  }

  get size(): number {
    return this.#rates.size;
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
      const { timeMs, tried, killed } = this.#rates.get(id) ?? { timeMs: 0, tried: 0, killed: 0 };
      return (killed + PRIOR.killed) / (tried + PRIOR.tried) / Math.max(timeMs, SHORTEST_MS);
    };
    const worths = new Map(ids.map((id) => [id, worth(id)]));
    return ids.toSorted((one, other) => (worths.get(other) ?? 0) - (worths.get(one) ?? 0));
  }
}
