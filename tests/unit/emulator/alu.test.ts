import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALU_OP, JMP_OP } from "../../../bpf/instruction.ts";
import { alu32, alu64, byteOrder, jumps32, jumps64 } from "../../../harness/emulator/alu.ts";

const u64 = fc.oneof(
  fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  fc.constantFrom(0n, 1n, 2n ** 31n, 2n ** 32n - 1n, 2n ** 32n, 2n ** 63n - 1n, 2n ** 63n, 2n ** 64n - 1n),
);
const low = (value: bigint): number => Number(BigInt.asIntN(32, value));
const high = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));
const signed = (value: bigint, bits = 64): bigint => BigInt.asIntN(bits, value);

type Reference = (a: bigint, b: bigint, bits: 32 | 64) => bigint;
const shift = (b: bigint, bits: number): bigint => b % BigInt(bits);

const REFERENCES: Readonly<Record<string, { op: number; offset?: number; expected: Reference }>> = {
  add: { op: ALU_OP.add, expected: (a, b) => a + b },
  sub: { op: ALU_OP.sub, expected: (a, b) => a - b },
  mul: { op: ALU_OP.mul, expected: (a, b) => a * b },
  div: { op: ALU_OP.div, expected: (a, b) => (b === 0n ? 0n : a / b) },
  sdiv: {
    op: ALU_OP.div,
    offset: 1,
    expected: (a, b, bits) => (b === 0n ? 0n : signed(a, bits) / signed(b, bits)),
  },
  mod: { op: ALU_OP.mod, expected: (a, b) => (b === 0n ? a : a % b) },
  smod: { op: ALU_OP.mod, offset: 1, expected: (a, b, bits) => (b === 0n ? a : signed(a, bits) % signed(b, bits)) },
  or: { op: ALU_OP.or, expected: (a, b) => a | b },
  and: { op: ALU_OP.and, expected: (a, b) => a & b },
  xor: { op: ALU_OP.xor, expected: (a, b) => a ^ b },
  lsh: { op: ALU_OP.lsh, expected: (a, b, bits) => a << shift(b, bits) },
  rsh: { op: ALU_OP.rsh, expected: (a, b, bits) => a >> shift(b, bits) },
  arsh: { op: ALU_OP.arsh, expected: (a, b, bits) => signed(a, bits) >> shift(b, bits) },
  neg: { op: ALU_OP.neg, expected: (a) => -a },
  mov: { op: ALU_OP.mov, expected: (_, b) => b },
  movs8: { op: ALU_OP.mov, offset: 8, expected: (_, b) => signed(b, 8) },
  movs16: { op: ALU_OP.mov, offset: 16, expected: (_, b) => signed(b, 16) },
};

function result(operate: (lo: Int32Array, hi: Int32Array) => void, a: bigint): bigint {
  const lo = Int32Array.of(low(a));
  const hi = Int32Array.of(high(a));
  operate(lo, hi);
  return (BigInt((hi[0] ?? 0) >>> 0) << 32n) | BigInt((lo[0] ?? 0) >>> 0);
}

describe("arithmetic against the integers", () => {
  test.each(Object.entries(REFERENCES))("%s, 64 bits", (_, { op, offset = 0, expected }) => {
    fc.assert(
      fc.property(u64, u64, (a, b) => {
        const got = result((lo, hi) => alu64(op, lo, hi, 0, low(b), high(b), offset), a);
        expect(got).toBe(BigInt.asUintN(64, expected(a, b, 64)));
      }),
    );
  });

  test.each(Object.entries(REFERENCES))(
    "%s, 32 bits, the upper half becoming zero",
    (_, { op, offset = 0, expected }) => {
      fc.assert(
        fc.property(u64, u64, (a, b) => {
          const got = result((lo, hi) => alu32(op, lo, hi, 0, low(b), offset), a);
          expect(got).toBe(BigInt.asUintN(32, expected(BigInt.asUintN(32, a), BigInt.asUintN(32, b), 32)));
        }),
      );
    },
  );

  test.each([16, 32, 64])("byte swaps of %i bits", (bits) => {
    fc.assert(
      fc.property(u64, (a) => {
        const bytes = Array.from({ length: bits / 8 }, (_, at) => (a >> BigInt(8 * at)) & 0xffn);
        const swapped = bytes.reduce((value, byte) => (value << 8n) | byte, 0n);
        expect(result((lo, hi) => byteOrder(lo, hi, 0, bits, true), a)).toBe(swapped);
        expect(result((lo, hi) => byteOrder(lo, hi, 0, bits, false), a)).toBe(BigInt.asUintN(bits, a));
      }),
    );
  });
});

const JUMPS: Readonly<Record<string, { op: number; holds: (a: bigint, b: bigint, bits: number) => boolean }>> = {
  eq: { op: JMP_OP.eq, holds: (a, b) => a === b },
  ne: { op: JMP_OP.ne, holds: (a, b) => a !== b },
  set: { op: JMP_OP.set, holds: (a, b) => (a & b) !== 0n },
  gt: { op: JMP_OP.gt, holds: (a, b) => a > b },
  ge: { op: JMP_OP.ge, holds: (a, b) => a >= b },
  lt: { op: JMP_OP.lt, holds: (a, b) => a < b },
  le: { op: JMP_OP.le, holds: (a, b) => a <= b },
  sgt: { op: JMP_OP.sgt, holds: (a, b, bits) => signed(a, bits) > signed(b, bits) },
  sge: { op: JMP_OP.sge, holds: (a, b, bits) => signed(a, bits) >= signed(b, bits) },
  slt: { op: JMP_OP.slt, holds: (a, b, bits) => signed(a, bits) < signed(b, bits) },
  sle: { op: JMP_OP.sle, holds: (a, b, bits) => signed(a, bits) <= signed(b, bits) },
};

describe("conditions against the integers", () => {
  test.each(Object.entries(JUMPS))("%s", (_, { op, holds }) => {
    fc.assert(
      fc.property(u64, fc.oneof(u64, fc.constant(undefined)), (a, other) => {
        const b = other ?? a;
        expect(jumps64(op, low(a), high(a), low(b), high(b))).toBe(holds(a, b, 64));
        expect(jumps32(op, low(a), low(b))).toBe(holds(BigInt.asUintN(32, a), BigInt.asUintN(32, b), 32));
      }),
    );
  });
});
