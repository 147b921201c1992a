/** Clock ids, and the flags of bpf_timer_init around them. */
import fc from "fast-check";
import { CLOCK, MAX_CLOCKS } from "../bpf/uapi.ts";
import type { U64 } from "../scenario/scenario.ts";

const TIMER_CLOCKS: readonly number[] = [CLOCK.MONOTONIC, CLOCK.REALTIME, CLOCK.BOOTTIME];

/** One of the three clocks a timer may use. */
export const timerClock: fc.Arbitrary<number> = fc.constantFrom(...TIMER_CLOCKS);

/** Whether flags of bpf_timer_init name one of the three clocks, and nothing else. */
export const isTimerClock = (flags: U64): boolean => TIMER_CLOCKS.some((clock) => BigInt(flags) === BigInt(clock));

/** A clock id that fits the 4 bits but is none of the three. */
export const otherClock: fc.Arbitrary<number> = fc.constantFrom(
  ...Array.from({ length: MAX_CLOCKS }, (_, id) => id).filter((id) => !TIMER_CLOCKS.includes(id)),
);

/** Flags with a valid clock id and at least one of the 60 reserved bits set. */
export const reservedFlags: fc.Arbitrary<U64> = fc
  .tuple(timerClock, fc.integer({ min: 4, max: 63 }), fc.option(fc.integer({ min: 4, max: 63 }), { nil: undefined }))
  .map(([clock, bit, other]) => {
    const flags = BigInt(clock) | (1n << BigInt(bit)) | (other === undefined ? 0n : 1n << BigInt(other));
    return `0x${flags.toString(16)}`;
  });
