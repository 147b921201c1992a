/**
 * What the verifier knows about a register or a stack slot (struct bpf_reg_state). States are never changed in place.
 */
import type { BpfMap } from "../maps/bpf-map.ts";

/** Nothing was written to it, or a call has clobbered it. */
export interface Uninitialized {
  readonly type: "uninitialized";
}

/** A number. Bounds are unsigned; `max` is infinite where nothing is known. */
export interface Scalar {
  readonly type: "scalar";
  readonly known: bigint | undefined;
  readonly min: number;
  readonly max: number;
}

export interface ContextPointer {
  readonly type: "ctx";
  readonly offset: number;
}

/** A pointer into the stack of frame `frame`; offset 0 is the frame pointer, below it are negative offsets. */
export interface StackPointer {
  readonly type: "fp";
  readonly frame: number;
  readonly offset: number;
}

/** A map itself. `uid` tells inner maps of the same shape apart; 0 for any other map. */
export interface MapPointer {
  readonly type: "map_ptr";
  readonly map: BpfMap;
  readonly uid: number;
}

/** A pointer into a map's value at `offset` plus something between `min` and `max`. */
export interface MapValuePointer {
  readonly type: "map_value";
  readonly map: BpfMap;
  readonly uid: number;
  readonly orNull: boolean;
  readonly id: number;
  readonly offset: number;
  readonly min: number;
  readonly max: number;
}

export interface MapKeyPointer {
  readonly type: "map_key";
  readonly map: BpfMap;
  readonly offset: number;
}

/** The function that starts at slot `entry`. */
export interface FunctionPointer {
  readonly type: "func";
  readonly entry: number;
}

export type RegisterState =
  | Uninitialized
  | Scalar
  | ContextPointer
  | StackPointer
  | MapPointer
  | MapValuePointer
  | MapKeyPointer
  | FunctionPointer;

export const UNINITIALIZED: Uninitialized = { type: "uninitialized" };
export const UNKNOWN: Scalar = { type: "scalar", known: undefined, min: 0, max: Number.POSITIVE_INFINITY };

const U64 = 0xffff_ffff_ffff_ffffn;

/** A number of which every bit is known. */
export function constant(value: bigint): Scalar {
  const known = value & U64;
  const number = Number(known);
  return { type: "scalar", known, min: number, max: number };
}

const SMALL = Array.from({ length: 256 }, (_, value) => constant(BigInt(value)));

/** A constant given as a signed 32-bit immediate. */
export function immediate(imm: number): Scalar {
  return SMALL[imm] ?? constant(BigInt(imm));
}

/** A number between two bounds. */
export function ranged(min: number, max: number): Scalar {
  return min === max ? constant(BigInt(min)) : { type: "scalar", known: undefined, min, max };
}

/** The type as the verifier's log writes it (reg_type_str). */
export function typeName(state: RegisterState): string {
  if (state.type === "uninitialized") return "?";
  return state.type === "map_value" && state.orNull ? "map_value_or_null" : state.type;
}

/** Pairs of ids that correspond between two states (check_ids). */
export type IdPairs = Map<number, number>;

function idsMatch(old: number, current: number, pairs: IdPairs): boolean {
  const paired = pairs.get(old);
  if (paired !== undefined) return paired === current;
  pairs.set(old, current);
  return true;
}

/**
 * Whether what was found safe for `old` is safe for `current` (regsafe). Numbers of which nothing precise is needed
 * match whatever they are.
 */
export function subsumes(old: RegisterState, current: RegisterState, precise: boolean, ids: IdPairs): boolean {
  if (old === current) return true;
  if (old.type === "uninitialized") return true;
  switch (current.type) {
    case "uninitialized":
      return false;
    case "scalar":
      if (old.type !== "scalar") return false;
      if (!precise) return true;
      return old.known === undefined ? current.min >= old.min && current.max <= old.max : old.known === current.known;
    case "ctx":
      return old.type === "ctx" && old.offset === current.offset;
    case "fp":
      return old.type === "fp" && old.frame === current.frame && old.offset === current.offset;
    case "map_ptr":
      return old.type === "map_ptr" && old.map === current.map && old.uid === current.uid;
    case "map_value":
      return (
        old.type === "map_value" &&
        old.map === current.map &&
        old.uid === current.uid &&
        old.orNull === current.orNull &&
        old.offset === current.offset &&
        old.min <= current.min &&
        old.max >= current.max &&
        idsMatch(old.id, current.id, ids)
      );
    case "map_key":
      return old.type === "map_key" && old.map === current.map && old.offset === current.offset;
    case "func":
      return old.type === "func" && old.entry === current.entry;
  }
}
