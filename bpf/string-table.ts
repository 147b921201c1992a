/** Names, one behind the other, each with a zero byte behind it, and the first empty: a string table of ELF. */
export class StringTable {
  readonly #offsets = new Map<string, number>([["", 0]]);
  readonly #parts: Buffer[] = [Buffer.from([0])];
  #length = 1;

  /** Where the name begins; the same name always at the same place. */
  add(name: string): number {
    const known = this.#offsets.get(name);
    if (known !== undefined) return known;
    const bytes = Buffer.from(`${name}\0`);
    const offset = this.#length;
    this.#offsets.set(name, offset);
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return offset;
  }

  encode(): Uint8Array {
    return Buffer.concat(this.#parts);
  }
}
