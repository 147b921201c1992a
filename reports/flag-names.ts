/** Flag words as the names the kernel's headers give their bits. */
import {
  BPF_ANY,
  BPF_EXIST,
  BPF_F_INNER_MAP,
  BPF_F_LOCK,
  BPF_F_MMAPABLE,
  BPF_F_NO_COMMON_LRU,
  BPF_F_NO_PREALLOC,
  BPF_F_RDONLY_PROG,
  BPF_F_TIMER_ABS,
  BPF_F_TIMER_CPU_PIN,
  BPF_F_WRONLY_PROG,
  BPF_F_ZERO_SEED,
  BPF_NOEXIST,
  CLOCK,
  MAX_CLOCKS,
} from "../bpf/uapi.ts";
import type { U64 } from "../scenario/scenario.ts";

type FlagTable = Readonly<Record<string, number>>;

const MAP_FLAGS: FlagTable = {
  BPF_F_NO_PREALLOC,
  BPF_F_NO_COMMON_LRU,
  BPF_F_ZERO_SEED,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY_PROG,
  BPF_F_MMAPABLE,
  BPF_F_INNER_MAP,
};
const TIMER_START_FLAGS: FlagTable = { BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN };
const UPDATE_FLAGS: FlagTable = { BPF_NOEXIST, BPF_EXIST, BPF_F_LOCK };

/** Names of the bits that have one, then the rest as one hexadecimal number; `none` where no bit is set. */
function bitNames(value: U64, table: FlagTable, none: string): string {
  let rest = BigInt(value);
  const names: string[] = [];
  for (const [name, bit] of Object.entries(table)) {
    if ((rest & BigInt(bit)) === 0n) continue;
    names.push(name);
    rest &= ~BigInt(bit);
  }
  if (rest !== 0n) names.push(`0x${rest.toString(16)}`);
  return names.join(" | ") || none;
}

/** The flags of BPF_MAP_CREATE; empty where there are none. */
export const mapFlags = (flags: number): string => bitNames(flags, MAP_FLAGS, "");

/** The flags of bpf_timer_start. */
export const timerStartFlags = (flags: U64): string => bitNames(flags, TIMER_START_FLAGS, "0");

/** The flags of a map update. */
export const updateFlags = (flags: number): string =>
  flags === BPF_ANY ? "BPF_ANY" : bitNames(flags, UPDATE_FLAGS, "0");

const CLOCK_NAMES: ReadonlyMap<bigint, string> = new Map(
  Object.entries(CLOCK).map(([name, id]) => [BigInt(id), `CLOCK_${name}`]),
);

/** The flags of bpf_timer_init: the clock by its name, where it has one, then the bits above it. */
export function timerInitFlags(flags: U64): string {
  const value = BigInt(flags);
  const clock = value & BigInt(MAX_CLOCKS - 1);
  const name = CLOCK_NAMES.get(clock) ?? String(clock);
  return value === clock ? name : `${name} | 0x${(value - clock).toString(16)}`;
}
