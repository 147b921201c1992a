/** Keys as user space hands them in: bytes of any length, written as hexadecimal text. */

const KEY_BYTES = 4;

/** The bytes of a 4-byte key, little-endian, as hexadecimal text. */
export function keyText(key: number): string {
  const bytes = Buffer.allocUnsafe(KEY_BYTES);
  bytes.writeUInt32LE(key >>> 0);
  return bytes.toString("hex");
}
