/**
 * Which mutant is active, and the end of one that loops for ever: what loops through its mutant asks whether it is
 * active again and again, and is stopped there.
 */

/** Looking at the clock each time would be slow. */
const ASKED_A_LOOK = 64;

export class ActiveMutant {
  #mutant = -1;
  #endMs = Number.POSITIVE_INFINITY;
  #asked = 0;
  #isStopped = false;

  /** From here on this mutant is active. */
  activate(mutant: number): void {
    this.#mutant = mutant;
  }

  /** What runs from here on may take `limitMs`. */
  limit(limitMs: number): void {
    this.#endMs = performance.now() + limitMs;
    this.#isStopped = false;
  }

  /** Whether a mutant was stopped since the limit was set. */
  get isStopped(): boolean {
    return this.#isStopped;
  }

  /** Whether `mutant` is active. @throws where it has been for longer than the limit */
  readonly isActive = (mutant: number): boolean => {
    if (mutant !== this.#mutant) return false;
    if (++this.#asked % ASKED_A_LOOK === 0 && performance.now() > this.#endMs) this.#isStopped = true;
    if (this.#isStopped) throw new Error("the mutant takes too long");
    return true;
  };
}
