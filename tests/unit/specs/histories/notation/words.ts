/** The small words of a history written as text: elements, flags, numbers and results. */
import { ERRNO, type ErrnoName } from "../../../../../bpf/errno.ts";
import * as uapi from "../../../../../bpf/uapi.ts";
import type { U64 } from "../../../../../scenario/scenario.ts";
import { durationNs } from "./lines.ts";

/** Every name of the kernel's headers that flags may be written with; BPF_F_TIMER_ABS and CLOCK_MONOTONIC in short, too. */
const FLAGS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(
    Object.entries(uapi).filter(([name, value]) => name.startsWith("BPF_") && typeof value === "number"),
  ),
  ABS: uapi.BPF_F_TIMER_ABS,
  CPU_PIN: uapi.BPF_F_TIMER_CPU_PIN,
  ...uapi.CLOCK,
} as Readonly<Record<string, number>>;

/** A number as a scenario holds it: exact, whichever way it is written. */
export function u64Of(value: bigint): U64 {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : `0x${value.toString(16)}`;
}

/** Flags, `MONOTONIC|0x10`; undefined for words that are none. */
export function flagsOf(words: string): U64 | undefined {
  let flags = 0n;
  for (const word of words.split("|").map((each) => each.trim())) {
    const value = /^(0x[0-9a-f]+|\d+)$/i.test(word) ? BigInt(word) : FLAGS[word];
    if (value === undefined) return undefined;
    flags |= BigInt(value);
  }
  return u64Of(flags);
}

/** How long a timer is to wait: a length of time, or a plain number of nanoseconds; undefined for other words. */
export function delayOf(words: string): U64 | undefined {
  if (/^(0x[0-9a-f]+|\d+)$/i.test(words)) return u64Of(BigInt(words));
  return durationNs(words);
}

/** A result: a number or an error's name, and for lookups whether they found something; undefined for other words. */
export function resultOf(words: string): number | undefined {
  if (words === "found") return 1;
  if (words === "missing") return 0;
  const error = /^-([A-Z]\w+)$/.exec(words)?.[1];
  if (error !== undefined) return error in ERRNO ? -ERRNO[error as ErrnoName] : undefined;
  return /^-?\d+$/.test(words) ? Number(words) : undefined;
}
