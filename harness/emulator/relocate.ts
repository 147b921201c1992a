/** What loading fills into the 64-bit immediates of a program: addresses of maps, of their values and of functions. */
import { LOAD_IMM64 } from "../../bpf/instruction.ts";
import { BPF_PSEUDO_FUNC, BPF_PSEUDO_MAP_VALUE } from "../../bpf/uapi.ts";
import { addressOf, offsetOf, regionOf } from "./address.ts";
import { type Code, slotsAt, withImmediates } from "./code.ts";
import type { BpfMap } from "./maps/bpf-map.ts";

/** The code that was made last of each bytecode, with the addresses that it holds: the next case often has the same. */
const made = new WeakMap<Code, { addresses: readonly number[]; code: Code }>();

/** The code with the addresses of the maps that it names, by slot, and of its functions. Nobody may change it. */
export function relocate(code: Code, named: ReadonlyMap<number, BpfMap>): Code {
  const addresses: number[] = [];
  for (const [slot, map] of named) {
    const isValue = code.src[slot] === BPF_PSEUDO_MAP_VALUE;
    addresses.push(isValue ? map.directValue(code.high[slot] as number) : addressOf(map.handle, 0));
  }
  const before = made.get(code);
  if (before?.addresses.every((address, place) => address === addresses[place])) return before.code;
  const filled = withAddresses(code, [...named.keys()], addresses);
  made.set(code, { addresses, code: filled });
  return filled;
}

function withAddresses(code: Code, slots: readonly number[], addresses: readonly number[]): Code {
  const filled = withImmediates(code);
  for (const [place, slot] of slots.entries()) {
    const address = addresses[place] as number;
    filled.high[slot] = regionOf(address);
    filled.low[slot] = offsetOf(address);
  }
  for (let slot = 0; slot < code.length; slot += slotsAt(code, slot))
    if (code.opcode[slot] === LOAD_IMM64 && code.src[slot] === BPF_PSEUDO_FUNC) {
      // A function's address is the slot it starts at.
      filled.low[slot] = slot + 1 + (code.imm[slot] as number);
      filled.high[slot] = 0;
    }
  return filled;
}
