/** A real kernel as a runtime under test: a pool of guests, each started when there is work for it. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { type KernelRelease, parseUname } from "../../scenario/release.ts";
import type { Clock, Harness, Outcome } from "../harness.ts";
import { attributeFirsts } from "./attribution.ts";
import type { Guest } from "./guest.ts";
import { GuestPool } from "./guest-pool.ts";
import type { GuestSource } from "./guest-source.ts";
import { type CaseResult, GuestWorker } from "./guest-worker.ts";

export interface KernelHarnessOptions {
  name: string;
  source: GuestSource;
  clock: Clock;
  /** How many guests there may be at once. */
  guestsMax: number;
  /** `run` rejects with its reason; it ends the source's guests too. */
  signal?: AbortSignal;
}

export class KernelHarness implements Harness {
  readonly name: string;
  readonly version: string;
  readonly linux: KernelRelease | undefined;
  readonly processors = 1;
  clock: Clock;
  lacks: string | undefined;
  readonly #pool: GuestPool;

  /** Takes over a guest that is ready. */
  constructor({ name, source, clock, guestsMax, signal }: KernelHarnessOptions, guest: Guest) {
    this.name = name;
    this.version = guest.release;
    this.linux = parseUname(guest.release);
    this.clock = clock;
    const options = { workersMax: guestsMax, newWorker: () => new GuestWorker(source, signal) };
    this.#pool = new GuestPool({ ...options, ...(signal ? { signal } : {}) }, new GuestWorker(source, signal, guest));
  }

  /**
   * Executes scenarios, in several guests at once where there are many. Of the complaints of a kernel the first of each
   * kind says which scenarios it takes.
   * @throws {Error} the reason of the abort signal, where that came
   */
  async run(scenarios: readonly CompiledScenario[]): Promise<Outcome[]> {
    return this.#attributed(await this.#pool.run(scenarios));
  }

  close(): Promise<void> {
    return this.#pool.close();
  }

  async #attributed(results: readonly CaseResult[]): Promise<Outcome[]> {
    const troubles = results.filter((result) => result.executed !== undefined);
    const attributed = await attributeFirsts(troubles, (cases) => this.#pool.runFresh(cases));
    const known = new Map(troubles.map((trouble, index) => [trouble.outcome, attributed[index]]));
    return results.map(({ outcome }) => known.get(outcome) ?? outcome);
  }
}
