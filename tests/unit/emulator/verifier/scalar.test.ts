/** What the verifier makes of numbers, beside what the machine computes. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { ALU_OP, JMP_OP } from "../../../../bpf/instruction.ts";
import { alu32, alu64, jumps32, jumps64 } from "../../../../harness/emulator/alu.ts";
import { constant, ranged, type Scalar, UNKNOWN } from "../../../../harness/emulator/verifier/register-state.ts";
import { branch, operate, refine, truncated } from "../../../../harness/emulator/verifier/scalar.ts";

const EXACT_MAX = 2 ** 53 - 1;
const U32_MAX = 0xffff_ffff;
const U64_MAX = 0xffff_ffff_ffff_ffffn;
const low = (value: bigint): number => Number(BigInt.asIntN(32, value));
const high = (value: bigint): number => Number(BigInt.asIntN(32, value >> 32n));

/** What the machine computes. */
function computed(op: number, wide: boolean, a: bigint, b: bigint): bigint {
  const lows = Int32Array.of(low(a));
  const highs = Int32Array.of(high(a));
  if (wide) alu64(op, lows, highs, 0, low(b), high(b), 0);
  else alu32(op, lows, highs, 0, low(b), 0);
  return (BigInt((highs[0] as number) >>> 0) << 32n) | BigInt((lows[0] as number) >>> 0);
}

const jumps = (op: number, wide: boolean, a: bigint, b: bigint): boolean =>
  wide ? jumps64(op, low(a), high(a), low(b), high(b)) : jumps32(op, low(a), low(b));

const contains = ({ known, min, max }: Scalar, value: bigint): boolean =>
  known === undefined ? Number(value) >= min && Number(value) <= max : known === value;

/** What is known of a number, and a number that it may be. */
const knowledge: fc.Arbitrary<[Scalar, bigint]> = fc.oneof(
  fc.bigInt({ min: 0n, max: U64_MAX }).map((value): [Scalar, bigint] => [constant(value), value]),
  fc.bigInt({ min: 0n, max: U64_MAX }).map((value): [Scalar, bigint] => [UNKNOWN, value]),
  fc.nat(70).map((value): [Scalar, bigint] => [constant(BigInt(value)), BigInt(value)]),
  fc
    .constantFrom(100, U32_MAX, U32_MAX + 100, EXACT_MAX)
    .chain((top) => fc.tuple(fc.maxSafeNat(), fc.maxSafeNat(), fc.maxSafeNat(), fc.constant(top + 1)))
    .map(([one, other, another, size]): [Scalar, bigint] => {
      const [min = 0, value = 0, max = 0] = [one % size, other % size, another % size].sort((a, b) => a - b);
      return [ranged(min, max), BigInt(value)];
    }),
);

test.each(Object.entries(ALU_OP).filter(([name]) => name !== "end" && name !== "neg"))(
  "%s never computes what the verifier rules out",
  (_, op) => {
    fc.assert(
      fc.property(knowledge, knowledge, fc.boolean(), ([a, x], [b, y], wide) => {
        expect(contains(operate(op, wide, a, b, 0), computed(op, wide, x, y))).toBe(true);
      }),
      { numRuns: 400 },
    );
  },
);

const { add, sub, mul, and, or, rsh, lsh, mov } = ALU_OP;
const to = (min: number, max: number): Scalar => ranged(min, max);
const is = (value: number | bigint): Scalar => constant(BigInt(value));

describe("what is known of a result", () => {
  test.each<[string, number, Scalar, Scalar, Scalar]>([
    ["a sum", add, to(1, 5), to(10, 20), to(11, 25)],
    ["a sum that doubles can hold", add, to(1, EXACT_MAX - 5), to(1, 5), to(2, EXACT_MAX)],
    ["a sum beyond it", add, to(1, EXACT_MAX - 5), to(1, 6), UNKNOWN],
    ["a difference", sub, to(10, 20), to(1, 5), to(5, 19)],
    ["a difference down to 0", sub, to(5, 20), to(1, 5), to(0, 19)],
    ["a difference that may be negative", sub, to(4, 20), to(1, 5), UNKNOWN],
    ["a product", mul, to(2, 3), to(4, 5), to(8, 15)],
    ["0 times anything", mul, is(0), UNKNOWN, UNKNOWN],
    ["the bits of a mask", and, UNKNOWN, is(0x68), to(0, 0x68)],
    ["those of a mask that a number can have", and, to(0, 12), is(0x68), to(0, 8)],
    ["no bits in common", and, to(0, 7), is(8), is(0)],
    ["two ranges", and, to(0, 9), to(0, 300), to(0, 15)],
    ["two ranges, the other way around", and, to(0, 300), to(0, 9), to(0, 15)],
    ["a mask that no double holds", and, to(0, 9), is(U64_MAX), to(0, 15)],
    ["nothing of nothing", and, UNKNOWN, UNKNOWN, UNKNOWN],
    ["a shift to the right", rsh, to(17, 64), is(3), to(2, 8)],
    ["one by all bits but one", rsh, to(0, 64), is(63), is(0)],
    ["one of what is unknown", rsh, UNKNOWN, is(3), UNKNOWN],
    ["one by a range", rsh, to(0, 64), to(1, 2), UNKNOWN],
    ["a shift to the left", lsh, to(1, 3), is(4), to(16, 48)],
    ["the longest that doubles can hold", lsh, to(0, 1), is(52), to(0, 2 ** 52)],
    ["one beyond it", lsh, to(0, 1), is(53), UNKNOWN],
    ["one by a range", lsh, to(1, 3), to(1, 2), UNKNOWN],
    ["what is not followed", or, to(1, 3), is(4), UNKNOWN],
    ["two known numbers", or, is(3), is(4), is(7)],
    ["what was there does not matter", mov, UNKNOWN, to(1, 3), to(1, 3)],
  ])("%s", (_, op, a, b, result) => {
    expect(operate(op, true, a, b, 0)).toEqual(result);
  });

  test.each<[string, number, Scalar, Scalar, number, Scalar]>([
    ["a 32-bit sum", add, to(1, 5), to(10, 20), 0, to(11, 25)],
    ["one that does not fit", add, to(1, U32_MAX), to(10, 20), 0, to(0, U32_MAX)],
    ["of two known numbers", add, is(U32_MAX), is(2), 0, is(1)],
    ["a shift of 32 bits", rsh, to(0, U32_MAX), is(31), 0, to(0, 1)],
    ["a shift by more bits than 32", rsh, to(0, U32_MAX), is(32), 0, to(0, U32_MAX)],
    ["a copy of 32 bits", mov, UNKNOWN, is(-1n), 0, is(U32_MAX)],
    ["a copy of 32 bits of a range", mov, UNKNOWN, to(1, 9), 0, to(1, 9)],
    ["a copy of 32 bits of anything", mov, UNKNOWN, UNKNOWN, 0, to(0, U32_MAX)],
    ["a signed byte of what is known", mov, UNKNOWN, is(0xff), 8, is(U32_MAX)],
    ["a signed byte of what is not", mov, UNKNOWN, to(1, 9), 8, to(0, U32_MAX)],
  ])("%s", (_, op, a, b, offset, result) => {
    expect(operate(op, false, a, b, offset)).toEqual(result);
  });

  test("a copy that extends a sign", () => {
    expect(operate(mov, true, UNKNOWN, is(0xff), 8)).toEqual(is(-1n));
    expect(operate(mov, true, UNKNOWN, to(1, 9), 8)).toEqual(UNKNOWN);
  });

  test("of the lower half", () => {
    expect(truncated(is(2n ** 32n + 5n))).toEqual(is(5));
    expect(truncated(to(1, U32_MAX))).toEqual(to(1, U32_MAX));
    expect(truncated(to(1, U32_MAX + 1))).toEqual(to(0, U32_MAX));
  });
});

/** All ranges of small numbers. */
const SMALL = [0, 1, 2, 3, 4];
const ranges = SMALL.flatMap((min) => SMALL.filter((max) => max >= min).map((max) => to(min, max)));
const numbersIn = ({ min, max }: Scalar): bigint[] => SMALL.filter((each) => each >= min && each <= max).map(BigInt);
const UNSIGNED = ["eq", "ne", "gt", "ge", "lt", "le"] as const;

describe.each(UNSIGNED)("a jump if %s", (name) => {
  const op = JMP_OP[name];

  test.each([true, false])("is settled where all numbers agree, 64 bits: %s", (wide) => {
    for (const a of ranges)
      for (const b of ranges) {
        const outcomes = new Set(numbersIn(a).flatMap((x) => numbersIn(b).map((y) => jumps(op, wide, x, y))));
        const [only] = outcomes;
        expect(branch(op, wide, a, b), JSON.stringify([a.min, a.max, b.min, b.max])).toBe(
          outcomes.size === 1 ? only : undefined,
        );
      }
  });

  test.each([true, false])("tells the numbers that go that way, taken: %s", (taken) => {
    for (const wide of [true, false])
      for (const a of ranges)
        for (const bound of SMALL) {
          const left = numbersIn(a)
            .filter((x) => jumps(op, wide, x, BigInt(bound)) === taken)
            .map(Number);
          if (left.length === 0 || a.known !== undefined) continue;
          const isUnequal = (name === "ne") === taken && (name === "ne" || name === "eq");
          const expected = isUnequal ? a : to(Math.min(...left), Math.max(...left));
          expect(refine(op, wide, a, is(bound), taken), JSON.stringify([a.min, a.max, bound])).toEqual(expected);
        }
  });
});

describe("a jump", () => {
  test.each([JMP_OP.set, JMP_OP.sgt, JMP_OP.slt])(
    "that compares otherwise is open (%i), unless both are known",
    (op) => {
      expect(branch(op, true, to(1, 2), is(8))).toBeUndefined();
      expect(refine(op, true, to(1, 20), is(8), true)).toEqual(to(1, 20));
      expect(refine(op, true, to(1, 20), is(8), false)).toEqual(to(1, 20));
      expect(branch(op, true, is(-1n), is(1))).toBe(jumps(op, true, U64_MAX, 1n));
    },
  );

  test("on 32 bits sees those alone", () => {
    expect(branch(JMP_OP.eq, false, is(2n ** 32n + 5n), is(5))).toBe(true);
    expect(branch(JMP_OP.eq, true, is(2n ** 32n + 5n), is(5))).toBe(false);
    expect(branch(JMP_OP.lt, false, to(2 ** 32, 2 ** 32 + 1), is(7))).toBeUndefined();
  });

  test("tells nothing of what is known, by what is not, or beyond the bits that it compares", () => {
    const { gt } = JMP_OP;
    expect(refine(gt, true, is(3), is(7), true)).toEqual(is(3));
    expect(refine(gt, true, to(1, 20), to(7, 8), true)).toEqual(to(1, 20));
    expect(refine(gt, true, to(1, 20), is(2n ** 53n), false)).toEqual(to(1, 20));
    expect(refine(gt, true, to(1, EXACT_MAX), is(EXACT_MAX), false)).toEqual(to(1, EXACT_MAX));
    expect(refine(gt, false, to(1, U32_MAX), is(7), true)).toEqual(to(8, U32_MAX));
    expect(refine(gt, false, to(1, U32_MAX + 1), is(7), true)).toEqual(to(1, U32_MAX + 1));
  });
});
