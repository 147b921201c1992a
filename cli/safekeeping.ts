/** Saving what was found. A folder that cannot be written to is reported once, and stops nothing else. */
import { isSystemError, systemErrorText } from "./system-error.ts";

export class Safekeeping {
  readonly #folder: string;
  readonly #complain: (message: string) => void;
  #failed = false;

  constructor(folder: string, complain: (message: string) => void) {
    this.#folder = folder;
    this.#complain = complain;
  }

  /** Whether anything could not be saved. */
  get failed(): boolean {
    return this.#failed;
  }

  /** Saves something in the folder; undefined where that failed. What comes later may be smaller, and is tried too. */
  async save<T>(write: (folder: string) => Promise<T>): Promise<T | undefined> {
    try {
      return await write(this.#folder);
    } catch (error) {
      if (!isSystemError(error)) throw error;
      const cause = systemErrorText(error);
      if (!this.#failed) this.#complain(`cannot save to ${this.#folder}: ${cause}; choose another folder with --out`);
      this.#failed = true;
      return undefined;
    }
  }
}
