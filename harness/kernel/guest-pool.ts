/** Guests that share the work: each that is free takes the next few cases. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import type { Outcome } from "../harness.ts";
import type { CaseResult, GuestWorker } from "./guest-worker.ts";

/** A start takes as long as some hundred cases: a further guest is worth it once there were so many cases. */
const CASES_PER_START = 64;

/**
 * At the end of each batch a guest waits some milliseconds until its kernel has freed what the cases let go of: with so
 * many cases at once that is a small part of what they take.
 */
const CHUNK_MAX = 64;

/** A case that ran so often when QEMU was killed is given up: it may well be the reason. */
const KILLS_MAX = 3;

const CLOSED = "the kernel was closed";

/** What the pool needs of a worker. */
export type Worker = Pick<GuestWorker, "start" | "run" | "kill" | "close">;

export interface GuestPoolOptions {
  /** How many workers there may be at once. */
  workersMax: number;
  newWorker(): Worker;
  signal?: AbortSignal;
}

/** A case that waits for its result. */
interface Job {
  scenario: CompiledScenario;
  /** How often somebody killed the QEMU it ran in. */
  kills: number;
  resolve(result: CaseResult): void;
  reject(reason: unknown): void;
}

export class GuestPool {
  readonly #options: GuestPoolOptions;
  readonly #queue: Job[] = [];
  readonly #idle: Worker[];
  /** The workers that are busy, and when they no longer are. */
  readonly #busy = new Map<Worker, Promise<void>>();
  #workersMax: number;
  /** Cases handed to the pool so far. */
  #cases = 0;
  #isClosed = false;

  /** `first` is a worker that has started. */
  constructor(options: GuestPoolOptions, first: Worker) {
    this.#options = options;
    this.#workersMax = options.workersMax;
    this.#idle = [first];
  }

  /**
   * Executes cases, some of them at once; their results come in their order. Calls may overlap.
   * @throws {Error} the reason of the abort signal, where that came; or that the pool was closed
   */
  async run(scenarios: readonly CompiledScenario[]): Promise<CaseResult[]> {
    this.#check();
    this.#cases += scenarios.length;
    const results = scenarios.map(
      (scenario) =>
        new Promise<CaseResult>((resolve, reject) => {
          this.#queue.push({ scenario, kills: 0, resolve, reject });
        }),
    );
    this.#employ();
    return Promise.all(results);
  }

  /**
   * Executes cases in a guest that was just started, and is not used again. The outcomes of the last ones are missing
   * where that guest died or could not be started.
   * @throws {Error} as `run` does
   */
  async runFresh(scenarios: readonly CompiledScenario[]): Promise<Outcome[]> {
    this.#check();
    const worker = this.#options.newWorker();
    const outcomes = this.#runAlone(worker, scenarios);
    const free = () => {
      this.#busy.delete(worker);
      this.#employ();
    };
    /* Who awaits the outcomes has the error. */
    this.#busy.set(worker, outcomes.then(free, free));
    return outcomes;
  }

  /** Ends all guests; what waits for a result is rejected. */
  async close(): Promise<void> {
    this.#isClosed = true;
    for (const worker of this.#busy.keys()) worker.kill();
    await Promise.all(this.#busy.values());
    this.#rejectAll(new Error(CLOSED));
    await Promise.all(this.#idle.splice(0).map((worker) => worker.close()));
  }

  #check(): void {
    this.#options.signal?.throwIfAborted();
    if (this.#isClosed) throw new Error(CLOSED);
  }

  /** Sets to work who is idle, and who is worth starting. */
  #employ(): void {
    if (this.#isClosed) return;
    const wanted = Math.min(this.#workersMax, 1 + Math.floor(this.#cases / CASES_PER_START));
    for (let waiting = this.#queue.length; waiting > 0; waiting--) {
      const worker = this.#idle.pop() ?? (this.#busy.size < wanted ? this.#options.newWorker() : undefined);
      if (worker === undefined) return;
      this.#busy.set(worker, this.#work(worker));
    }
  }

  /** Works as long as there are cases. */
  async #work(worker: Worker): Promise<void> {
    try {
      while (this.#queue.length > 0) {
        this.#check();
        const failure = await worker.start();
        this.#check();
        if (failure !== undefined) {
          this.#dismiss(worker, failure);
          return;
        }
        await this.#runChunk(worker);
      }
    } catch (error) {
      this.#rejectAll(error);
    }
    this.#busy.delete(worker);
    this.#idle.push(worker);
  }

  /** Without a guest to start there is one worker less; where it was the last one, the cases have nowhere to run. */
  #dismiss(worker: Worker, failure: string): void {
    this.#busy.delete(worker);
    this.#workersMax = Math.max(1, this.#workersMax - 1);
    if (this.#busy.size + this.#idle.length > 0) {
      this.#employ();
      return;
    }
    const reason = `the guest could not be started again: ${failure}`;
    for (const job of this.#queue.splice(0)) job.resolve({ outcome: { kind: "error", reason } });
  }

  /** Lets the worker run the first few cases of the queue; those without a result go back to its front. */
  async #runChunk(worker: Worker): Promise<void> {
    const jobs = this.#queue.splice(0, Math.min(CHUNK_MAX, Math.ceil(this.#queue.length / this.#workersMax)));
    try {
      const { results, wasKilled } = await worker.run(jobs.map(({ scenario }) => scenario));
      const last = jobs[results.length - 1];
      /* Whoever killed QEMU did not judge the case that ran: it is run again. */
      if (wasKilled && last !== undefined && ++last.kills < KILLS_MAX) results.pop();
      for (const [index, job] of jobs.splice(0, results.length).entries()) {
        const result = results[index];
        if (result !== undefined) job.resolve(result);
      }
    } finally {
      this.#queue.unshift(...jobs);
    }
    if (jobs.length > 0) this.#employ();
  }

  async #runAlone(worker: Worker, scenarios: readonly CompiledScenario[]): Promise<Outcome[]> {
    try {
      const failure = await worker.start();
      this.#check();
      if (failure !== undefined) return [];
      const { results } = await worker.run(scenarios);
      return results.map(({ outcome }) => outcome);
    } finally {
      await worker.close();
    }
  }

  #rejectAll(reason: unknown): void {
    for (const job of this.#queue.splice(0)) job.reject(reason);
  }
}
