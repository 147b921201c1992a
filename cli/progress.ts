/** Progress: on a terminal one line that is written over and over, elsewhere a line for each thing done. */
import type { Output } from "./io.ts";

const CLEAR_LINE = "\r\u001b[K";

export class Progress {
  readonly #output: Output;
  #shown = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Says what goes on. */
  say(text: string): void {
    if (!this.#output.isTTY) {
      this.#output.write(`${text}\n`);
      return;
    }
    const line = text.replaceAll("\n", " ").slice(0, this.#output.columns - 1);
    this.#output.write(`${CLEAR_LINE}${line}`);
    this.#shown = true;
  }

  /** Makes room for something that stays. */
  clear(): void {
    if (this.#shown) this.#output.write(CLEAR_LINE);
    this.#shown = false;
  }
}
