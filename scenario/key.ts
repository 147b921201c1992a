/** Keys as user space hands them in: bytes of any length, written as hexadecimal text. */

const KEY_BYTES = 4;

/** Most cases have but the smallest keys. */
const SMALL = 256;
const small = Array.from({ length: SMALL }, (_, key) => written(key));

/** The bytes of a 4-byte key, little-endian, as hexadecimal text. */
export const keyText = (key: number): string => small[key] ?? written(key);

/** The number that four bytes as hexadecimal text are. */
export function keyNumber(text: string): number {
  // Three zero bytes behind the first: the text of a small key.
  if (text.endsWith("000000")) return Number.parseInt(text.slice(0, 2), 16);
  return Buffer.from(text, "hex").readUInt32LE();
}

function written(key: number): string {
  const bytes = Buffer.allocUnsafe(KEY_BYTES);
  bytes.writeUInt32LE(key >>> 0);
  return bytes.toString("hex");
}
