/** The host's side of the memory shared with one guest: an unnamed file, read and written by position. */
import { closeSync, existsSync, ftruncateSync, openSync, readSync, unlinkSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  ANSWERS,
  announcedLength,
  CONTROL,
  CONTROL_BYTES,
  CONTROL_LAYOUT,
  CONTROL_MAGIC,
  decodeMessage,
  HEADER_BYTES,
  messageBytes,
  REQUESTS,
  SHARED_BYTES,
} from "./message.ts";

const NO_BATCH = 0xffff_ffff;
const MEMORY_FILE_SYSTEM = "/dev/shm";
let filesOpened = 0;

export class SharedMemory {
  /** The descriptor to hand to QEMU: the file has no name any more. */
  readonly file: number;
  #batch = 0;

  /** `settle`: whether guest time may jump at a stop, so that the agent has to wait until that is over. */
  constructor(settle: boolean) {
    const folder = existsSync(MEMORY_FILE_SYSTEM) ? MEMORY_FILE_SYSTEM : tmpdir();
    const path = join(folder, `bpf-timer-conformance-${process.pid}-${filesOpened++}`);
    this.file = openSync(path, "wx+", 0o600);
    unlinkSync(path);
    ftruncateSync(this.file, SHARED_BYTES);
    this.#write("magic", CONTROL_MAGIC);
    this.#write("layout", CONTROL_LAYOUT);
    this.#write("batchDone", NO_BATCH);
    this.#write("settle", Number(settle));
  }

  /** Puts a batch of encoded messages into the request region; they must fit. */
  putBatch(messages: readonly Buffer[]): void {
    let offset: number = REQUESTS.offset;
    for (const message of messages) offset += writeSync(this.file, message, 0, message.length, offset);
    this.#batch++;
    this.#write("casesDone", 0);
    this.#write("caseCount", messages.length);
    this.#write("batch", this.#batch);
  }

  /** Whether the guest says that it is done with the batch last put (before the first: that it has started). */
  isBatchDone(): boolean {
    return this.#read("batchDone") === this.#batch;
  }

  /** How many cases of the batch the guest has answered so far. */
  casesDone(): number {
    return this.#read("casesDone");
  }

  /**
   * Reads the first `count` answers, in order, as a generator: those before a corrupt one are given.
   * @throws {CorruptMessage}
   */
  *answers(count: number): Generator<Buffer> {
    let offset: number = ANSWERS.offset;
    const header = Buffer.alloc(HEADER_BYTES);
    for (let index = 0; index < count; index++) {
      readSync(this.file, header, 0, HEADER_BYTES, offset);
      const length = Math.min(HEADER_BYTES + announcedLength(header), ANSWERS.end - offset);
      const message = Buffer.alloc(length);
      readSync(this.file, message, 0, length, offset);
      yield decodeMessage(message);
      offset += messageBytes(length - HEADER_BYTES);
    }
  }

  close(): void {
    closeSync(this.file);
  }

  #write(word: keyof typeof CONTROL, value: number): void {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32LE(value);
    writeSync(this.file, bytes, 0, bytes.length, CONTROL[word]);
  }

  #read(word: keyof typeof CONTROL): number {
    const bytes = Buffer.alloc(CONTROL_BYTES);
    readSync(this.file, bytes, 0, bytes.length, 0);
    return bytes.readUInt32LE(CONTROL[word]);
  }
}
