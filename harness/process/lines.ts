/** Lines out of the bytes that a pipe gives. */

const NEWLINE = 10;

/** A line has no end, or comes to it too late. */
export class LineTooLong extends Error {
  override readonly name = "LineTooLong";
}

export class Lines {
  readonly #bytesMax: number;
  #parts: Buffer[] = [];
  #length = 0;

  /** @param bytesMax the longest line that is taken */
  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /**
   * The lines that end in these bytes, without their ends. What is left waits for more.
   * @throws {LineTooLong} where that is more than a line may have
   */
  *in(bytes: Buffer): Generator<string> {
    let from = 0;
    for (let end = bytes.indexOf(NEWLINE); end >= 0; end = bytes.indexOf(NEWLINE, from)) {
      const line = this.#taken(bytes.subarray(from, end));
      from = end + 1;
      yield line;
    }
    if (from === bytes.length) return;
    this.#parts.push(bytes.subarray(from));
    this.#length += bytes.length - from;
    if (this.#length > this.#bytesMax) throw new LineTooLong(`a line of more than ${this.#bytesMax} bytes`);
  }

  #taken(last: Buffer): string {
    if (this.#parts.length === 0) return last.toString("utf8");
    const line = Buffer.concat([...this.#parts, last]).toString("utf8");
    this.#parts = [];
    this.#length = 0;
    return line;
  }
}
