/**
 * Arithmetic on registers, each a pair of 32-bit words. `lo` and `hi` are the register file, `d` the destination,
 * `sl` and `sh` the words of the second operand. Bits 4 to 7 of the opcode choose the operation.
 * Semantics: Documentation/bpf/standardization/instruction-set.rst; division by zero gives 0, modulo leaves the
 * dividend, shifts are masked to the width.
 */
const U64 = 0xffff_ffff_ffff_ffffn;
const CARRY = 0x1_0000_0000;

const joined = (low: number, high: number): bigint => (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);

function put(lo: Int32Array, hi: Int32Array, d: number, value: bigint): void {
  const bits = value & U64;
  lo[d] = Number(bits & 0xffff_ffffn) | 0;
  hi[d] = Number(bits >> 32n) | 0;
}

const signed64 = (value: bigint): bigint => BigInt.asIntN(64, value);

function mul64(lo: Int32Array, hi: Int32Array, d: number, sl: number, sh: number): void {
  const dl = lo[d] as number;
  const dh = hi[d] as number;
  if (dh === 0 && sh === 0) {
    const product = (dl >>> 0) * (sl >>> 0);
    if (product <= Number.MAX_SAFE_INTEGER) {
      lo[d] = product | 0;
      hi[d] = (product / CARRY) | 0;
      return;
    }
  }
  put(lo, hi, d, joined(dl, dh) * joined(sl, sh));
}

function div64(lo: Int32Array, hi: Int32Array, d: number, sl: number, sh: number, isSigned: boolean): void {
  if (sl === 0 && sh === 0) {
    lo[d] = 0;
    hi[d] = 0;
    return;
  }
  const dividend = joined(lo[d] as number, hi[d] as number);
  const divisor = joined(sl, sh);
  put(lo, hi, d, isSigned ? signed64(dividend) / signed64(divisor) : dividend / divisor);
}

function mod64(lo: Int32Array, hi: Int32Array, d: number, sl: number, sh: number, isSigned: boolean): void {
  if (sl === 0 && sh === 0) return;
  const dividend = joined(lo[d] as number, hi[d] as number);
  const divisor = joined(sl, sh);
  put(lo, hi, d, isSigned ? signed64(dividend) % signed64(divisor) : dividend % divisor);
}

function shift64(op: number, lo: Int32Array, hi: Int32Array, d: number, by: number): void {
  const count = by & 63;
  if (count === 0) return;
  const dl = lo[d] as number;
  const dh = hi[d] as number;
  if (op === 0x60) {
    lo[d] = count >= 32 ? 0 : dl << count;
    hi[d] = count >= 32 ? dl << (count - 32) : (dh << count) | (dl >>> (32 - count));
    return;
  }
  const fill = op === 0xc0 ? dh >> 31 : 0;
  const shifted = (bits: number): number => (op === 0xc0 ? dh >> bits : dh >>> bits);
  lo[d] = count >= 32 ? (count === 32 ? dh : shifted(count - 32)) : (dl >>> count) | (dh << (32 - count));
  hi[d] = count >= 32 ? fill : shifted(count);
}

/** mov, and the sign-extending mov of `bits` 8, 16 or 32. */
function mov64(lo: Int32Array, hi: Int32Array, d: number, sl: number, sh: number, bits: number): void {
  if (bits === 0) {
    lo[d] = sl;
    hi[d] = sh;
    return;
  }
  const low = bits === 32 ? sl : (sl << (32 - bits)) >> (32 - bits);
  lo[d] = low;
  hi[d] = low >> 31;
}

/** One 64-bit operation; `offset` is the instruction's, which makes division signed and mov sign-extending. */
export function alu64(
  op: number,
  lo: Int32Array,
  hi: Int32Array,
  d: number,
  sl: number,
  sh: number,
  offset: number,
): void {
  switch (op) {
    case 0x00: {
      const low = ((lo[d] as number) >>> 0) + (sl >>> 0);
      lo[d] = low | 0;
      hi[d] = ((hi[d] as number) + sh + (low >= CARRY ? 1 : 0)) | 0;
      return;
    }
    case 0x10: {
      const low = ((lo[d] as number) >>> 0) - (sl >>> 0);
      lo[d] = low | 0;
      hi[d] = ((hi[d] as number) - sh - (low < 0 ? 1 : 0)) | 0;
      return;
    }
    case 0x20:
      mul64(lo, hi, d, sl, sh);
      return;
    case 0x30:
      div64(lo, hi, d, sl, sh, offset === 1);
      return;
    case 0x40:
      lo[d] = (lo[d] as number) | sl;
      hi[d] = (hi[d] as number) | sh;
      return;
    case 0x50:
      lo[d] = (lo[d] as number) & sl;
      hi[d] = (hi[d] as number) & sh;
      return;
    case 0x60:
    case 0x70:
    case 0xc0:
      shift64(op, lo, hi, d, sl);
      return;
    case 0x80: {
      const dl = lo[d] as number;
      lo[d] = -dl | 0;
      hi[d] = (~(hi[d] as number) + (dl === 0 ? 1 : 0)) | 0;
      return;
    }
    case 0x90:
      mod64(lo, hi, d, sl, sh, offset === 1);
      return;
    case 0xa0:
      lo[d] = (lo[d] as number) ^ sl;
      hi[d] = (hi[d] as number) ^ sh;
      return;
    case 0xb0:
      mov64(lo, hi, d, sl, sh, offset);
      return;
    default:
      throw new RangeError(`no 64-bit operation 0x${op.toString(16)}`);
  }
}

function operate32(op: number, a: number, b: number, offset: number): number {
  switch (op) {
    case 0x00:
      return a + b;
    case 0x10:
      return a - b;
    case 0x20:
      return Math.imul(a, b);
    case 0x30:
      if (b === 0) return 0;
      return offset === 1 ? a / b : (a >>> 0) / (b >>> 0);
    case 0x40:
      return a | b;
    case 0x50:
      return a & b;
    case 0x60:
      return a << b;
    case 0x70:
      return a >>> b;
    case 0x80:
      return -a;
    case 0x90:
      if (b === 0) return a;
      return offset === 1 ? a % b : (a >>> 0) % (b >>> 0);
    case 0xa0:
      return a ^ b;
    case 0xb0:
      return offset === 0 ? b : (b << (32 - offset)) >> (32 - offset);
    case 0xc0:
      return a >> b;
    default:
      throw new RangeError(`no 32-bit operation 0x${op.toString(16)}`);
  }
}

/** One 32-bit operation; the upper word of the destination becomes zero. */
export function alu32(op: number, lo: Int32Array, hi: Int32Array, d: number, sl: number, offset: number): void {
  lo[d] = operate32(op, lo[d] as number, sl, offset) | 0;
  hi[d] = 0;
}

const swap32 = (word: number): number =>
  ((word & 0xff) << 24) | ((word & 0xff00) << 8) | ((word >>> 8) & 0xff00) | (word >>> 24);

/** The byte order operations: `swap` reverses the low `bits`, otherwise they are only kept; the rest becomes zero. */
export function byteOrder(lo: Int32Array, hi: Int32Array, d: number, bits: number, swap: boolean): void {
  const low = lo[d] as number;
  const high = hi[d] as number;
  if (bits === 64) {
    if (!swap) return;
    lo[d] = swap32(high);
    hi[d] = swap32(low);
    return;
  }
  const kept = swap ? swap32(low) : low;
  if (bits === 32) lo[d] = kept;
  else lo[d] = swap ? kept >>> 16 : kept & 0xffff;
  hi[d] = 0;
}

/** Whether the conditional jump `op` is taken for 64-bit operands. */
export function jumps64(op: number, al: number, ah: number, bl: number, bh: number): boolean {
  switch (op) {
    case 0x10:
      return al === bl && ah === bh;
    case 0x50:
      return al !== bl || ah !== bh;
    case 0x40:
      return (al & bl) !== 0 || (ah & bh) !== 0;
    case 0x20:
    case 0x30:
    case 0xa0:
    case 0xb0:
      return ah === bh ? ordered(op, al >>> 0, bl >>> 0) : ordered(op, ah >>> 0, bh >>> 0);
    default:
      return ah === bh ? ordered(op, al >>> 0, bl >>> 0) : ordered(op, ah, bh);
  }
}

/** Whether the conditional jump `op` is taken for 32-bit operands. */
export function jumps32(op: number, a: number, b: number): boolean {
  switch (op) {
    case 0x10:
      return a === b;
    case 0x50:
      return a !== b;
    case 0x40:
      return (a & b) !== 0;
    case 0x20:
    case 0x30:
    case 0xa0:
    case 0xb0:
      return ordered(op, a >>> 0, b >>> 0);
    default:
      return ordered(op, a, b);
  }
}

function ordered(op: number, a: number, b: number): boolean {
  switch (op) {
    case 0x20:
    case 0x60:
      return a > b;
    case 0x30:
    case 0x70:
      return a >= b;
    case 0xa0:
    case 0xc0:
      return a < b;
    case 0xb0:
    case 0xd0:
      return a <= b;
    default:
      throw new RangeError(`no conditional jump 0x${op.toString(16)}`);
  }
}
