/** A real kernel as a runtime under test: guests with one processor, and with two where a case names the second. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { type KernelRelease, parseUname } from "../../scenario/release.ts";
import type { Clock, Harness, Outcome } from "../harness.ts";
import type { Crew } from "./crew.ts";
import type { GuestDeath } from "./guest.ts";

/** What the harness needs of guests. */
export type Guests = Pick<Crew, "release" | "clock" | "run" | "close">;

export interface KernelHarnessOptions {
  name: string;
  /** Starts guests with two processors, when there is first a case for them. */
  startPairs(): Promise<Guests | Pick<GuestDeath, "reason">>;
  progress(line: string): void;
}

/** Whether one of its steps is to be done on another processor than the first. */
const namesSecondProcessor = ({ steps }: CompiledScenario): boolean =>
  steps.some((step) => step.kind === "run" && (step.cpu ?? 0) > 0);

export class KernelHarness implements Harness {
  readonly name: string;
  readonly version: string;
  readonly linux: KernelRelease | undefined;
  lacks: string | undefined;
  readonly #options: KernelHarnessOptions;
  readonly #singles: Guests;
  /** The guests with two processors, or why there are none; undefined before a case needs one. */
  #pairs: Promise<Guests | string> | undefined;
  #clock: Clock;
  #processors = 2;

  /** Takes over guests with one processor. */
  constructor(options: KernelHarnessOptions, singles: Guests) {
    this.name = options.name;
    this.version = singles.release;
    this.linux = parseUname(singles.release);
    this.#options = options;
    this.#singles = singles;
    this.#clock = singles.clock;
  }

  /** Of all guests started so far: the bound holds for each of them. */
  get clock(): Clock {
    return this.#clock;
  }

  /** Two, until the kernel was seen not to start with them. */
  get processors(): number {
    return this.#processors;
  }

  /**
   * Executes scenarios, those that name a second processor in guests that have one.
   * @throws {Error} the reason of the abort signal, where that came
   */
  async run(scenarios: readonly CompiledScenario[]): Promise<Outcome[]> {
    const forPairs = scenarios.filter(namesSecondProcessor);
    if (forPairs.length === 0) return this.#singles.run(scenarios);
    const others = scenarios.filter((scenario) => !namesSecondProcessor(scenario));
    const [ofPairs, ofOthers] = await Promise.all([this.#runOnPairs(forPairs), this.#singles.run(others)]);
    return scenarios.map((scenario) => {
      const outcome = (namesSecondProcessor(scenario) ? ofPairs : ofOthers).shift();
      if (outcome === undefined) throw new Error("as many outcomes as scenarios are given");
      return outcome;
    });
  }

  async close(): Promise<void> {
    /* Who waited for the start has its error. */
    const pairs = await this.#pairs?.catch(() => undefined);
    await Promise.all([this.#singles.close(), typeof pairs === "object" ? pairs.close() : undefined]);
  }

  async #runOnPairs(scenarios: readonly CompiledScenario[]): Promise<Outcome[]> {
    this.#pairs ??= this.#start();
    const pairs = await this.#pairs;
    return typeof pairs === "object" ? pairs.run(scenarios) : scenarios.map(() => ({ kind: "error", reason: pairs }));
  }

  async #start(): Promise<Guests | string> {
    const pairs = await this.#options.startPairs();
    if ("reason" in pairs) {
      const reason = `${this.name} does not start with two processors (${pairs.reason})`;
      this.#processors = 1;
      this.#options.progress(`${reason}: nothing is said about a second one`);
      return reason;
    }
    const { kind, latenessNs } = this.#clock;
    this.#clock = { kind, latenessNs: Math.max(latenessNs, pairs.clock.latenessNs) };
    return pairs;
  }
}
