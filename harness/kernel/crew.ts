/** The guests of one kind of machine: they share its cases, and callbacks come as late in one as in the other. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import type { Clock, Outcome } from "../harness.ts";
import { latenessBoundNs, latenessScenarios, worstLatenessNs } from "../lateness.ts";
import { attributeFirsts } from "./attribution.ts";
import type { GuestLimits } from "./guest.ts";
import { Guest, type GuestDeath } from "./guest.ts";
import { GuestPool } from "./guest-pool.ts";
import { GuestSource, type GuestSourceOptions } from "./guest-source.ts";
import { type CaseResult, GuestWorker } from "./guest-worker.ts";
import type { Machine } from "./qemu.ts";

export interface CrewOptions extends Pick<GuestSourceOptions, "progress" | "once"> {
  machine: Machine;
  limits: GuestLimits;
  /** How many guests there may be at once. */
  guestsMax: number;
}

export class Crew {
  /** `uname -r` of its guests. */
  readonly release: string;
  readonly #pool: GuestPool;
  #clock: Clock;

  private constructor(release: string, pool: GuestPool, clock: Clock) {
    this.release = release;
    this.#pool = pool;
    this.#clock = clock;
  }

  /**
   * Starts a first guest, and measures how late callbacks come in it, unless its snapshot says so; or says why there is
   * no guest.
   * @throws {Error} the reason of the abort signal, where that came
   */
  static async start({ machine, limits, guestsMax, ...options }: CrewOptions): Promise<Crew | GuestDeath> {
    const { signal } = limits;
    const scenarios = latenessScenarios(machine.processors ?? 1);
    const source = new GuestSource(machine, limits, {
      ...options,
      measured: JSON.stringify(scenarios),
      measureNs: (guest) =>
        worstLatenessNs(scenarios, async (cases) => {
          const { results } = await new GuestWorker(source, signal, guest).run(cases);
          return results.map(({ outcome }) => outcome);
        }),
    });
    const guest = await source.start();
    if (signal?.aborted && guest instanceof Guest) await guest.close();
    signal?.throwIfAborted();
    if (!(guest instanceof Guest)) return guest;

    const newWorker = () => new GuestWorker(source, signal);
    const poolOptions = { workersMax: guestsMax, newWorker, ...(signal ? { signal } : {}) };
    const pool = new GuestPool(poolOptions, new GuestWorker(source, signal, guest));
    const kind = machine.accelerator === "tcg-icount" ? "virtual" : "real";
    const crew = new Crew(guest.release, pool, { kind, latenessNs: 0 });
    const worstNs = source.worstLatenessNs ?? (await worstLatenessNs(scenarios, (cases) => crew.run(cases)));
    crew.#clock = { kind, latenessNs: latenessBoundNs(kind, worstNs) };
    return crew;
  }

  get clock(): Clock {
    return this.#clock;
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
