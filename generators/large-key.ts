/** Keys that do not fit a signed number of 32 bits: hashes, addresses and the largest key there is. */
import fc from "fast-check";

export const LARGE_KEYS: readonly number[] = [0x8000_0000, 0x8000_0001, 0x9e37_79b9, 0xffff_e000, 0xffff_ffff];

export const largeKey: fc.Arbitrary<number> = fc.constantFrom(...LARGE_KEYS);
