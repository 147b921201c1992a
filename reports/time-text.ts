/** Times as people read them. */
import type { U64 } from "../scenario/scenario.ts";

const UNITS = [
  { name: "s", ns: 1_000_000_000n },
  { name: "ms", ns: 1_000_000n },
  { name: "us", ns: 1_000n },
] as const;

/** A delay in the largest unit that divides it, `3 ms`; one that none divides in nanoseconds. */
export function delayText(delay: U64): string {
  const ns = BigInt(delay);
  const unit = UNITS.find((candidate) => ns !== 0n && ns % candidate.ns === 0n);
  return unit === undefined ? `${ns} ns` : `${ns / unit.ns} ${unit.name}`;
}

/** A moment as the kernel log prints it, in seconds and microseconds: `[0.001000]`. */
export function stampText(ns: number): string {
  return `[${(Math.floor(ns / 1000) / 1e6).toFixed(6)}]`;
}
