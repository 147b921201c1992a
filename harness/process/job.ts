/** A case on its way to a runtime and back, and those that it was handed over with. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import type { Outcome } from "../harness.ts";

/** Cases that were in flight together when something went wrong, and are tried alone. */
export interface Suspects {
  reason: string;
  count: number;
  left: number;
  isFound: boolean;
}

/** Cases that were handed over together. Until the last of them has an outcome, those of the others may still change. */
export class Batch {
  readonly outcomes: Promise<Outcome[]>;
  readonly #outcomes: (Outcome | undefined)[];
  #left: number;
  #resolve: (outcomes: Outcome[]) => void = () => undefined;

  constructor(count: number) {
    this.#outcomes = Array<undefined>(count).fill(undefined);
    this.#left = count;
    this.outcomes = new Promise((resolve) => {
      this.#resolve = resolve;
    });
    this.#finishIfAll();
  }

  get isOpen(): boolean {
    return this.#left > 0;
  }

  set(place: number, outcome: Outcome): void {
    if (this.#outcomes[place] === undefined) this.#left--;
    this.#outcomes[place] = outcome;
    this.#finishIfAll();
  }

  #finishIfAll(): void {
    if (this.#left === 0) this.#resolve(this.#outcomes as Outcome[]);
  }
}

export interface Job {
  id: number;
  scenario: CompiledScenario;
  batch: Batch;
  /** Its place in the batch. */
  place: number;
  suspects?: Suspects;
}

/** Gives a case its outcome. */
export const resolve = ({ batch, place }: Job, outcome: Outcome): void => batch.set(place, outcome);
