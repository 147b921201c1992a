/** One place for a guest: a guest at work, what it has executed since its start, and the next one when it has died. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { complaintsOf, isTroubled, sameComplaint } from "../complaints.ts";
import type { Outcome } from "../harness.ts";
import type { Troubled } from "./attribution.ts";
import type { Guest, GuestDeath } from "./guest.ts";
import { REQUESTS } from "./message.ts";
import { Requests } from "./request.ts";
import { readOutcome } from "./trace-reader.ts";

const BATCH_BYTES_MAX = REQUESTS.end - REQUESTS.offset;

/** How often a guest is started whose QEMU somebody else kills before it is ready. */
const STARTS_MAX = 5;

/** What a guest has executed is known as far back as this. */
const HISTORY_MAX = 4096;

/** What a worker needs of a guest, and of where guests come from. */
export type WorkingGuest = Pick<Guest, "answer" | "kill" | "close">;
export interface WorkingGuests {
  start(): Promise<WorkingGuest | GuestDeath>;
}

/** What came of one case; `executed` is there where the kernel complained. */
export type CaseResult = { outcome: Outcome; executed?: undefined } | Troubled;

/** What came of the cases that a worker was given. */
export interface Work {
  /** Of the first of them, in their order: of all, unless the guest is no more. */
  results: CaseResult[];
  /** The last result is that of a case which ran when somebody else killed QEMU. */
  wasKilled: boolean;
}

interface Batch {
  messages: Buffer[];
  /** How many were encoded: one more than there are messages, where that one did not fit. */
  encoded: number;
}

/** As many requests as one batch holds; at least one. */
function takeBatch(requests: Requests, scenarios: Iterable<CompiledScenario>): Batch {
  const messages: Buffer[] = [];
  let bytes = 0;
  for (const scenario of scenarios) {
    const message = requests.encode(scenario);
    bytes += message.length;
    if (bytes > BATCH_BYTES_MAX && messages.length > 0) return { messages, encoded: messages.length + 1 };
    messages.push(message);
  }
  return { messages, encoded: messages.length };
}

/** A death, with what the kernel complained of and had not said in an earlier case of the batch. */
function diedOf({ reason, console, complaints = [] }: GuestDeath, before: readonly Outcome[]): Outcome {
  const said = before.flatMap(complaintsOf);
  const complaint = complaints.find((each) => !said.some((other) => sameComplaint(each, other)));
  if (complaint === undefined) return { kind: "died", reason, console };
  return { kind: "died", reason: reason.includes(complaint) ? reason : `${reason}: ${complaint}`, console, complaint };
}

export class GuestWorker {
  readonly #guests: WorkingGuests;
  readonly #signal: AbortSignal | undefined;
  #guest: WorkingGuest | undefined;
  #requests = new Requests();
  #executed: CompiledScenario[] = [];

  /** `guest` is one that is ready; without it the first is started when it is needed. */
  constructor(guests: WorkingGuests, signal?: AbortSignal, guest?: WorkingGuest) {
    this.#guests = guests;
    this.#signal = signal;
    this.#guest = guest;
  }

  /**
   * Makes sure that there is a guest; gives the reason where there can be none.
   * @throws {Error} the reason of the abort signal, where that came
   */
  async start(): Promise<string | undefined> {
    let reason: string | undefined;
    for (let starts = 0; this.#guest === undefined && starts < STARTS_MAX; starts++) {
      const started = await this.#guests.start();
      if ("answer" in started) this.#welcome(started);
      this.#signal?.throwIfAborted();
      if ("answer" in started) return undefined;
      reason = started.reason;
      if (!started.fromOutside) return reason;
    }
    return reason;
  }

  /**
   * Hands cases to the guest, in their order, until it has answered all or is no more. A guest in trouble is of no
   * further use: many of a kernel's checks complain only once.
   * @throws {Error} the reason of the abort signal, where that came
   */
  async run(scenarios: readonly CompiledScenario[]): Promise<Work> {
    const guest = this.#guest;
    if (guest === undefined) throw new Error("the worker has no guest: start it first");
    const results: CaseResult[] = [];
    let death: GuestDeath | undefined;
    let wasKilled = false;
    while (results.length < scenarios.length && death === undefined) {
      const { messages, encoded } = takeBatch(this.#requests, scenarios.slice(results.length));
      const { answers, late = [], ...end } = await guest.answer(messages);
      this.#signal?.throwIfAborted();
      if (answers.length < encoded) this.#requests.forget();
      const outcomes = answers.map((answer) => readOutcome(answer.toString("utf8")));
      for (const { case: index, complaint } of late) {
        const outcome = outcomes[index];
        if (outcome?.kind === "trace") outcome.trace.complaints.push(complaint);
      }
      death = end.death;
      wasKilled = death?.fromOutside === true && end.corruption === undefined && answers.length < messages.length;
      if (end.corruption !== undefined) outcomes.push({ kind: "error", reason: end.corruption });
      else if (death !== undefined && (wasKilled || !death.fromOutside)) {
        /* A guest that dies behind the last answer of a batch died of its last case. */
        if (answers.length === messages.length) outcomes.pop();
        outcomes.push(diedOf(death, outcomes));
      }
      results.push(...this.#remember(outcomes, scenarios.slice(results.length)));
    }
    if (death !== undefined || results.some(({ executed }) => executed !== undefined)) await this.close();
    return { results, wasKilled };
  }

  /** Ends the guest, if there is one; a `run` under way ends soon. */
  kill(): void {
    this.#guest?.kill();
  }

  /** Ends the guest, which must not be at work, if there is one. */
  async close(): Promise<void> {
    const guest = this.#guest;
    this.#guest = undefined;
    await guest?.close();
  }

  #welcome(guest: WorkingGuest): void {
    this.#guest = guest;
    this.#requests = new Requests();
    this.#executed = [];
  }

  /** Notes that the guest has executed these cases; to each outcome in trouble what the guest had executed by then. */
  #remember(outcomes: readonly Outcome[], scenarios: readonly CompiledScenario[]): CaseResult[] {
    const before = this.#executed.length;
    this.#executed.push(...scenarios.slice(0, outcomes.length));
    const results = outcomes.map(
      (outcome, index): CaseResult =>
        isTroubled(outcome) ? { outcome, executed: this.#executed.slice(0, before + index + 1) } : { outcome },
    );
    this.#executed = this.#executed.slice(-HISTORY_MAX);
    return results;
  }
}
