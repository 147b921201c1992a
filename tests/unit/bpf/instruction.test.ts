import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  alu32,
  alu64,
  atomic,
  byteSwap,
  callHelper,
  exit,
  load,
  loadAbs,
  loadInd,
  loadSignExtended,
  mov,
  mov32,
  movSignExtended,
  R0,
  R1,
  R2,
  R6,
  R10,
  store,
} from "../../../bpf/assembler.ts";
import { decodeInstructions, encodeInstructions, type Instruction } from "../../../bpf/instruction.ts";
import { anyInstruction, builtInstruction } from "./instruction-arbitrary.ts";

const hex = (instruction: Instruction): string => Buffer.from(encodeInstructions([instruction])).toString("hex");

describe("encoding", () => {
  // Worked out by hand from the field layouts of instruction-set.rst.
  test.each([
    ["r1 = 0", mov(R1, 0), "b701000000000000"],
    ["r6 = r1", mov(R6, R1), "bf16000000000000"],
    ["w2 = -1", mov32(R2, -1), "b4020000ffffffff"],
    ["r2 += -8", alu64("add", R2, -8), "07020000f8ffffff"],
    ["w1 s>>= w2", alu32("arsh", R1, R2), "cc21000000000000"],
    ["r1 s/= r2", alu64("sdiv", R1, R2), "3f21010000000000"],
    ["w1 s%= 3", alu32("smod", R1, 3), "9401010003000000"],
    ["r0 = -r0", alu64("neg", R0, 0), "8700000000000000"],
    ["r1 = (s8)r2", movSignExtended(8, R1, R2), "bf21080000000000"],
    ["r1 = le16 r1", byteSwap("le", 16, R1), "d401000010000000"],
    ["r1 = be32 r1", byteSwap("be", 32, R1), "dc01000020000000"],
    ["r1 = bswap64 r1", byteSwap("bswap", 64, R1), "d701000040000000"],
    ["r1 = *(u64 *)(r10 -8)", load("dw", R1, R10, -8), "79a1f8ff00000000"],
    ["r1 = *(s16 *)(r2 +4)", loadSignExtended("h", R1, R2, 4), "8921040000000000"],
    ["*(u64 *)(r10 -16) = r6", store("dw", R10, -16, R6), "7b6af0ff00000000"],
    ["*(u32 *)(r10 -4) = 7", store("w", R10, -4, 7), "620afcff07000000"],
    ["r1 = atomic64_fetch_add", atomic("fetch-add", "dw", R2, 0, R1), "db12000001000000"],
    ["lock *(u32 *)(r2 +8) |= r1", atomic("or", "w", R2, 8, R1), "c312080040000000"],
    ["r0 = atomic64_cmpxchg", atomic("cmpxchg", "dw", R2, 0, R1), "db120000f1000000"],
    ["r0 = *(u8 *)skb[14]", loadAbs("b", 14), "300000000e000000"],
    ["r0 = *(u16 *)skb[r1 + 2]", loadInd("h", R1, 2), "4810000002000000"],
    ["call bpf_timer_init", callHelper(169), "85000000a9000000"],
    ["exit", exit(), "9500000000000000"],
  ])("%s", (_, instruction, bytes) => {
    expect(hex(instruction)).toBe(bytes);
  });

  test("survives a round trip for every instruction a builder gives", () => {
    fc.assert(
      fc.property(fc.array(builtInstruction), (instructions) => {
        expect(decodeInstructions(encodeInstructions(instructions))).toEqual(instructions);
      }),
    );
  });

  test("survives a round trip for any bits", () => {
    fc.assert(
      fc.property(fc.array(anyInstruction), (instructions) => {
        expect(decodeInstructions(encodeInstructions(instructions))).toEqual(instructions);
      }),
    );
  });

  test("survives a round trip from bytes that begin inside a larger buffer", () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ minLength: 8, maxLength: 8 }), { maxLength: 8 }), (slots) => {
        const bytes = Uint8Array.from([0xff, ...slots.flatMap((slot) => [...slot])]).subarray(1);
        expect(encodeInstructions(decodeInstructions(bytes))).toEqual(Uint8Array.from(bytes));
      }),
    );
  });
});

test.each([1, 7, 9, 15])("decoding rejects %i bytes", (length) => {
  expect(() => decodeInstructions(new Uint8Array(length))).toThrow(RangeError);
});

test.each([
  { opcode: 0x100 },
  { dst: 16 },
  { src: -1 },
  { offset: 0x8000 },
  { offset: -0x8001 },
  { imm: 0x8000_0000 },
  { imm: 0.5 },
])("encoding rejects %o", (field) => {
  expect(() => encodeInstructions([{ ...exit(), ...field }])).toThrow(RangeError);
});

test("a builder rejects what does not fit at once", () => {
  expect(() => mov(R0, 0xffff_ffff)).toThrow(RangeError);
  expect(() => load("b", R0, R1, 40_000)).toThrow(RangeError);
});
