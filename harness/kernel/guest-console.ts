/** What a guest prints: kept to its last lines, for people. */
import type { Readable } from "node:stream";

const KEPT_CHARACTERS = 64 << 10;

/** Lines that say, better than any other, why a guest ended. */
const HEADLINES = [/Kernel panic[^\n]*/, /agent: [^\n]*/, /(BUG|Oops|KASAN|general protection fault)\b[^\n]*/];

/** Drops carriage returns, escape sequences and the kernel's time stamps' padding. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: terminals' escape sequences begin with one
const NOISE = /\r|\u001b\[[0-9;?]*[A-Za-z]|\u001bc/g;

export class GuestConsole {
  #text = "";

  constructor(stream: Readable) {
    stream.setEncoding("utf8");
    stream.on("data", (chunk: string) => {
      this.#text = (this.#text + chunk).slice(-KEPT_CHARACTERS);
    });
  }

  /** The last lines printed. */
  text(): string {
    return this.#text.replace(NOISE, "").trim();
  }

  /** The one line that says most about an end, or undefined where nothing was printed. */
  headline(): string | undefined {
    const text = this.text();
    const found = HEADLINES.map((headline) => headline.exec(text)?.[0]).find((line) => line !== undefined);
    return found ?? text.split("\n").findLast((line) => line !== "");
  }
}
