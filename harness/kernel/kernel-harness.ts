/** A real kernel as a runtime under test: guests started as needed, scenarios handed over in batches. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import type { Clock, Harness, Outcome } from "../harness.ts";
import { Guest, type GuestDeath } from "./guest.ts";
import type { GuestSource } from "./guest-source.ts";
import { REQUESTS } from "./message.ts";
import { Requests } from "./request.ts";
import { readOutcome } from "./trace-reader.ts";

const BATCH_CASES_MAX = 64;
const BATCH_BYTES_MAX = REQUESTS.end - REQUESTS.offset;

export interface KernelHarnessOptions {
  name: string;
  source: GuestSource;
  clock: Clock;
  /** `run` rejects with its reason; it ends the source's guests too. */
  signal?: AbortSignal;
}

/** As many requests from `start` on as one batch holds; at least one. */
function takeBatch(requests: Requests, scenarios: readonly CompiledScenario[], start: number): Buffer[] {
  const batch: Buffer[] = [];
  let bytes = 0;
  for (const scenario of scenarios.slice(start, start + BATCH_CASES_MAX)) {
    const request = requests.encode(scenario);
    bytes += request.length;
    if (bytes > BATCH_BYTES_MAX && batch.length > 0) break;
    batch.push(request);
  }
  return batch;
}

export class KernelHarness implements Harness {
  readonly name: string;
  readonly version: string;
  readonly linux: { major: number; minor: number } | undefined;
  readonly clock: Clock;
  lacks: string | undefined;
  readonly #options: KernelHarnessOptions;
  #guest: Guest | undefined;
  #requests = new Requests();
  #lastRun: Promise<unknown> = Promise.resolve();

  /** Takes over a guest that is ready. */
  constructor(options: KernelHarnessOptions, guest: Guest) {
    const [, major, minor] = /^(\d+)\.(\d+)/.exec(guest.release) ?? [];
    this.name = options.name;
    this.version = guest.release;
    this.linux = major === undefined ? undefined : { major: Number(major), minor: Number(minor) };
    this.clock = options.clock;
    this.#options = options;
    this.#guest = guest;
  }

  /**
   * Executes scenarios in order. Calls that overlap wait for each other.
   * @throws {Error} the reason of the abort signal, where that came
   */
  run(scenarios: readonly CompiledScenario[]): Promise<Outcome[]> {
    const run = this.#lastRun.then(() => this.#run(scenarios));
    this.#lastRun = run.catch(() => {}); /* the caller of that run has its error */
    return run;
  }

  async close(): Promise<void> {
    await this.#retire();
  }

  async #run(scenarios: readonly CompiledScenario[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    let isSecondTry = false;
    while (outcomes.length < scenarios.length) {
      this.#options.signal?.throwIfAborted();
      const guest = await this.#readyGuest();
      if (!(guest instanceof Guest)) {
        const reason = `the guest could not be started again: ${guest.reason}`;
        outcomes.push(...scenarios.slice(outcomes.length).map((): Outcome => ({ kind: "error", reason })));
        break;
      }
      const batch = takeBatch(this.#requests, scenarios, outcomes.length);
      const { answers, corruption, death } = await guest.answer(batch);
      this.#options.signal?.throwIfAborted();
      outcomes.push(...answers.map((answer) => readOutcome(answer.toString("utf8"))));
      if (death !== undefined) await this.#retire();
      if (corruption !== undefined) outcomes.push({ kind: "error", reason: corruption });
      else if (death?.fromOutside && !isSecondTry) {
        /* Whoever killed QEMU did not judge the case that ran: it is run again, once. */
        isSecondTry = true;
        continue;
      } else if (death !== undefined) {
        /* A guest that dies behind the last answer of a batch died of its last case. */
        if (answers.length === batch.length) outcomes.pop();
        const { fromOutside: _, byQemu: __, ...seen } = death;
        outcomes.push({ kind: "died", ...seen });
      }
      isSecondTry = false;
    }
    return outcomes;
  }

  /** The guest at hand, or a new one in the place of one that died. */
  async #readyGuest(): Promise<Guest | GuestDeath> {
    if (this.#guest !== undefined) return this.#guest;
    const guest = await this.#options.source.start();
    if (guest instanceof Guest) {
      this.#guest = guest;
      this.#requests = new Requests();
    }
    return guest;
  }

  async #retire(): Promise<void> {
    const guest = this.#guest;
    this.#guest = undefined;
    await guest?.close();
  }
}
