/** Arithmetic on what is known about numbers (adjust_scalar_min_max_vals), and what a jump tells (reg_set_min_max). */
import { alu32, alu64, jumps32, jumps64 } from "../alu.ts";
import { constant, ranged, type Scalar, UNKNOWN } from "./register-state.ts";

const lo = new Int32Array(1);
const hi = new Int32Array(1);
const lowWord = (value: bigint): number => Number(BigInt.asIntN(32, value));
const highWord = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));

/** Beyond this, bounds are not followed: no map value is that large. */
const BOUND_MAX = 2 ** 53 - 1;

/** Nothing is known of a bound that is no number either: of 0 times what may be anything. */
const bounded = (min: number, max: number): Scalar => (min >= 0 && max <= BOUND_MAX ? ranged(min, max) : UNKNOWN);

/** All bits up to the highest that a number of at most `max` can have set. */
const bitsUpTo = (max: number): number => (max <= 0 ? 0 : 2 ** Math.floor(Math.log2(max) + 1) - 1);

/** A value as a 32-bit operation sees it. */
export function truncated(value: Scalar): Scalar {
  if (value.known !== undefined) return constant(BigInt.asUintN(32, value.known));
  return value.max <= 0xffff_ffff ? value : ranged(0, 0xffff_ffff);
}

/** The result of an arithmetic operation (bits 4 to 7 of the opcode) on two numbers. */
export function operate(op: number, wide: boolean, a: Scalar, b: Scalar, offset: number): Scalar {
  if (!wide) return operate32(op, truncated(a), truncated(b), offset);
  if (op === 0xb0) return offset === 0 ? b : operateKnown(op, true, a, b, offset);
  return a.known !== undefined && b.known !== undefined
    ? operateKnown(op, true, a, b, offset)
    : operateBounds(op, a, b);
}

function operate32(op: number, a: Scalar, b: Scalar, offset: number): Scalar {
  if (op === 0xb0 && offset === 0) return b;
  if (b.known !== undefined && (a.known !== undefined || op === 0xb0)) return operateKnown(op, false, a, b, offset);
  // A shift by more bits than there are is of no use, and nothing is said of its result.
  if ((op === 0x60 || op === 0x70) && b.max > 31) return truncated(UNKNOWN);
  return truncated(operateBounds(op, a, b));
}

function operateKnown(op: number, wide: boolean, a: Scalar, b: Scalar, offset: number): Scalar {
  if (b.known === undefined) return wide ? UNKNOWN : truncated(UNKNOWN);
  const from = a.known ?? 0n;
  lo[0] = lowWord(from);
  hi[0] = highWord(from);
  if (wide) alu64(op, lo, hi, 0, lowWord(b.known), highWord(b.known), offset);
  else alu32(op, lo, hi, 0, lowWord(b.known), offset);
  return constant((BigInt((hi[0] as number) >>> 0) << 32n) | BigInt((lo[0] as number) >>> 0));
}

function operateBounds(op: number, a: Scalar, b: Scalar): Scalar {
  switch (op) {
    case 0x00:
      return bounded(a.min + b.min, a.max + b.max);
    case 0x10:
      return bounded(a.min - b.max, a.max - b.min);
    case 0x20:
      return bounded(a.min * b.min, a.max * b.max);
    case 0x50: {
      // Only bits that both can have set survive.
      const mask = Math.min(bitsUpTo(a.max), bitsUpTo(b.max));
      if (b.known !== undefined && b.max <= BOUND_MAX) {
        const common = Number(b.known & BigInt(Math.min(bitsUpTo(a.max), BOUND_MAX)));
        return common === 0 ? constant(0n) : ranged(0, common);
      }
      return bounded(0, mask);
    }
    case 0x70:
      return b.known !== undefined && b.known < 64n && a.max <= BOUND_MAX
        ? ranged(Math.floor(a.min / 2 ** Number(b.known)), Math.floor(a.max / 2 ** Number(b.known)))
        : UNKNOWN;
    case 0x60:
      return b.known !== undefined && b.known < 53n
        ? bounded(a.min * 2 ** Number(b.known), a.max * 2 ** Number(b.known))
        : UNKNOWN;
    default:
      return UNKNOWN;
  }
}

const MIRRORED: ReadonlyMap<number, number> = new Map([
  [0x20, 0xb0],
  [0xb0, 0x20],
  [0x30, 0xa0],
  [0xa0, 0x30],
]);

/** Whether a jump is certainly taken (true), certainly not (false), or either (undefined): is_branch_taken. */
export function branch(op: number, wide: boolean, a: Scalar, b: Scalar): boolean | undefined {
  const left = wide ? a : truncated(a);
  const right = wide ? b : truncated(b);
  if (left.known !== undefined && right.known !== undefined)
    return wide
      ? jumps64(op, lowWord(left.known), highWord(left.known), lowWord(right.known), highWord(right.known))
      : jumps32(op, lowWord(left.known), lowWord(right.known));
  switch (op) {
    case 0x10:
      return left.max < right.min || left.min > right.max ? false : undefined;
    case 0x50:
      return left.max < right.min || left.min > right.max ? true : undefined;
    case 0x20:
      return left.min > right.max ? true : left.max <= right.min ? false : undefined;
    case 0x30:
      return left.min >= right.max ? true : left.max < right.min ? false : undefined;
    case 0xa0:
      return left.max < right.min ? true : left.min >= right.max ? false : undefined;
    case 0xb0:
      return left.max <= right.min ? true : left.min > right.max ? false : undefined;
    default:
      return undefined;
  }
}

/** What a number must be where a jump comparing it with a constant is taken or not. */
export function refine(op: number, wide: boolean, value: Scalar, by: Scalar, taken: boolean): Scalar {
  if (value.known !== undefined || by.known === undefined || by.max > BOUND_MAX) return value;
  if (!wide && value.max > 0xffff_ffff) return value;
  const bound = by.min;
  const holds = taken ? op : (MIRRORED.get(op) ?? (op === 0x50 ? 0x10 : op === 0x10 ? 0x50 : undefined));
  switch (holds) {
    case 0x10:
      return by;
    case 0x20:
      return ranged(Math.max(value.min, bound + 1), Math.max(value.max, bound + 1));
    case 0x30:
      return ranged(Math.max(value.min, bound), Math.max(value.max, bound));
    case 0xa0:
      return ranged(Math.min(value.min, bound - 1), Math.min(value.max, bound - 1));
    case 0xb0:
      return ranged(Math.min(value.min, bound), Math.min(value.max, bound));
    default:
      return value;
  }
}
