/**
 * The machine's memory: regions in a 64-bit address space. The high word of an address is the region's number, the low
 * word the offset in it, so an offset that runs out of its region never reaches another one unnoticed. All regions lie
 * in one buffer: a scenario allocates from it, and the next starts with it zeroed.
 */

/** An access outside every region: a program that the load check should have refused, or a defect of this emulator. */
export class MemoryFault extends Error {
  override readonly name = "MemoryFault";
}

const INITIAL_BYTES = 1 << 18;
/** More than this is refused, as the kernel's allocator would refuse it sooner or later. */
const TOTAL_BYTES_MAX = 1 << 28;
const INITIAL_REGIONS = 1 << 10;
const ALIGNMENT = 8;

export class Memory {
  view: DataView<ArrayBuffer>;
  #bytes: Uint8Array<ArrayBuffer>;
  #start = new Int32Array(INITIAL_REGIONS);
  #size = new Int32Array(INITIAL_REGIONS);
  /** Region 0 stays empty: an address with a zero high word is no pointer. */
  #regions = 1;
  #used = 0;

  constructor() {
    const buffer = new ArrayBuffer(INITIAL_BYTES);
    this.view = new DataView(buffer);
    this.#bytes = new Uint8Array(buffer);
  }

  /** A new zeroed region of `size` bytes; undefined where that is more than the machine has. */
  allocate(size: number): number | undefined {
    const end = this.#used + Math.ceil(size / ALIGNMENT) * ALIGNMENT;
    if (end > TOTAL_BYTES_MAX) return undefined;
    if (end > this.#bytes.length) this.#growBuffer(end);
    if (this.#regions === this.#start.length) this.#growTable();
    const region = this.#regions++;
    this.#start[region] = this.#used;
    this.#size[region] = size;
    this.#used = end;
    return region;
  }

  /** Number of a region that has no bytes: an address by which the kernel knows an object, a map or a function. */
  allocateHandle(): number {
    const region = this.allocate(0);
    if (region === undefined) throw new MemoryFault("the region table is full");
    return region;
  }

  /** Where `size` bytes at `offset` of a region lie in `view`. @throws {MemoryFault} where they are not all inside it */
  at(region: number, offset: number, size: number): number {
    const low = offset >>> 0;
    const length = this.#size[region];
    if (region <= 0 || region >= this.#regions || length === undefined || low + size > length)
      throw new MemoryFault(`access of ${size} bytes at offset ${offset} of region ${region}`);
    return (this.#start[region] ?? 0) + low;
  }

  /** The bytes themselves, for copying: valid until the next allocation. */
  slice(region: number, offset: number, size: number): Uint8Array {
    const start = this.at(region, offset, size);
    return this.#bytes.subarray(start, start + size);
  }

  reset(): void {
    this.#bytes.fill(0, 0, this.#used);
    this.#used = 0;
    this.#regions = 1;
  }

  #growBuffer(needed: number): void {
    let length = this.#bytes.length;
    while (length < needed) length *= 2;
    const grown = new Uint8Array(new ArrayBuffer(length));
    grown.set(this.#bytes);
    this.#bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  #growTable(): void {
    const grow = (old: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> => {
      const grown = new Int32Array(old.length * 2);
      grown.set(old);
      return grown;
    };
    this.#start = grow(this.#start);
    this.#size = grow(this.#size);
  }
}
