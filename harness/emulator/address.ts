/** An address as one number: its region in the upper word, its offset in the lower. 0 is NULL. */
const WORD = 0x1_0000_0000;

export const NULL = 0;

/** The address of an offset in a region. */
export function addressOf(region: number, offset: number): number {
  return region * WORD + (offset >>> 0);
}

/** The region an address is in. */
export function regionOf(address: number): number {
  return Math.floor(address / WORD);
}

/** The offset of an address in its region. */
export function offsetOf(address: number): number {
  return address % WORD;
}
