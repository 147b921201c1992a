/** What a guest prints: kept to its last lines for people, and watched for complaints of its kernel. */
import type { Readable } from "node:stream";
import { complaintsIn } from "../complaints.ts";

const KEPT_CHARACTERS = 64 << 10;

/** Lines that say, better than any complaint, why a guest ended. */
const HEADLINES = [/Kernel panic[^\n]*/, /agent: [^\n]*/];

/** Drops carriage returns, escape sequences and the kernel's time stamps' padding. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals' escape sequences begin with one
const NOISE = /\r|\u001b\[[0-9;?]*[A-Za-z]|\u001bc/g;

export class GuestConsole {
  #text = "";
  /** Where in the text the batch begins. */
  #batchStart = 0;

  constructor(stream: Readable) {
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      const text = this.#text + chunk;
      this.#text = text.slice(-KEPT_CHARACTERS);
      this.#batchStart = Math.max(0, this.#batchStart - (text.length - this.#text.length));
    });
  }

  /** What was printed until now has nothing to do with the cases to come. */
  beginBatch(): void {
    this.#batchStart = this.#text.length;
  }

  /** The complaints of the kernel since the batch began. */
  complaints(): string[] {
    return complaintsIn(this.#text.slice(this.#batchStart).replace(NOISE, ""));
  }

  /** The last lines printed. */
  text(): string {
    return this.#text.replace(NOISE, "").trim();
  }

  /** The one line that says most about an end, or undefined where nothing was printed. */
  headline(): string | undefined {
    const text = this.text();
    const found = HEADLINES.map((headline) => headline.exec(text)?.[0]).find((line) => line !== undefined);
    return found ?? complaintsIn(text)[0] ?? text.split("\n").findLast((line) => line !== "");
  }
}
