/**
 * The memory shared with a guest: a page of control words, then a region of requests and one of answers, each a row
 * of messages. The guest's side is agent/message.h.
 */
import { crc32 } from "node:zlib";

export const SHARED_BYTES = 32 << 20;
export const REQUESTS = { offset: 4096, end: SHARED_BYTES / 2 } as const;
export const ANSWERS = { offset: SHARED_BYTES / 2, end: SHARED_BYTES } as const;

/** The control words, each 32 bits, little-endian, by byte offset. */
export const CONTROL = {
  magic: 0,
  layout: 4,
  batch: 8,
  caseCount: 12,
  batchDone: 16,
  casesDone: 20,
  settle: 24,
} as const;
export const CONTROL_BYTES = 28;
export const CONTROL_MAGIC = 0x46435442;
export const CONTROL_LAYOUT = 4;

export const HEADER_BYTES = 8;
const ALIGNMENT_BYTES = 8;
const SHOWN_BYTES = 32;

/** Bytes that a message takes, with its header and what it is padded with. */
export function messageBytes(length: number): number {
  return Math.ceil((HEADER_BYTES + length) / ALIGNMENT_BYTES) * ALIGNMENT_BYTES;
}

/** A message: its length and CRC-32, its bytes, and padding to the next. */
export function encodeMessage(bytes: Uint8Array): Buffer {
  const message = Buffer.alloc(messageBytes(bytes.length));
  message.writeUInt32LE(bytes.length, 0);
  message.writeUInt32LE(crc32(bytes), 4);
  message.set(bytes, HEADER_BYTES);
  return message;
}

/** A message whose length or checksum is wrong; the text shows its bytes. */
export class CorruptMessage extends Error {
  override readonly name = "CorruptMessage";
}

/** The length that a header announces, in bytes. */
export function announcedLength(header: Buffer): number {
  return header.readUInt32LE(0);
}

/**
 * The bytes of the message that begins at the start of `from`.
 * @throws {CorruptMessage} where it runs over the end or its checksum is wrong
 */
export function decodeMessage(from: Buffer): Buffer {
  const shown = from.subarray(0, HEADER_BYTES + SHOWN_BYTES).toString("hex");
  if (from.length < HEADER_BYTES) throw new CorruptMessage(`corrupt answer: no header, bytes ${shown}`);
  const length = announcedLength(from);
  if (length > from.length - HEADER_BYTES) {
    throw new CorruptMessage(`corrupt answer: a length of ${length} bytes, beginning ${shown}`);
  }
  const bytes = from.subarray(HEADER_BYTES, HEADER_BYTES + length);
  const sum = crc32(bytes);
  const expected = from.readUInt32LE(4);
  if (sum !== expected) {
    const sums = `checksum ${sum.toString(16)}, not ${expected.toString(16)}`;
    throw new CorruptMessage(`corrupt answer: ${sums}, over ${length} bytes, beginning ${shown}`);
  }
  return bytes;
}
