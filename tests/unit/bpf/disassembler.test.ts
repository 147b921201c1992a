import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  Assembler,
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
  mov32SignExtended,
  movSignExtended,
  R0,
  R1,
  R2,
  R6,
  R10,
  store,
} from "../../../bpf/assembler.ts";
import { disassemble } from "../../../bpf/disassembler.ts";
import type { Instruction } from "../../../bpf/instruction.ts";
import { anyInstruction, builtInstruction } from "./instruction-arbitrary.ts";

const raw = (opcode: number, fields: Partial<Instruction> = {}): Instruction => ({
  ...{ opcode, dst: 0, src: 0, offset: 0, imm: 0 },
  ...fields,
});

// The text is what print_bpf_insn of Linux 6.12 prints for the same slot.
test.each([
  [mov(R1, 0), "(b7) r1 = 0"],
  [mov(R6, R1), "(bf) r6 = r1"],
  [movSignExtended(32, R1, R2), "(bf) r1 = (s32)r2"],
  [mov32SignExtended(8, R1, R2), "(bc) w1 = (s8)w2"],
  [raw(0xbf, { dst: 1, src: 2, offset: 1, imm: 0x10000 }), "(bf) r1 = addr_space_cast(r2, 1, 0)"],
  [alu64("arsh", R1, 5), "(c7) r1 s>>= 5"],
  [alu32("sdiv", R1, R2), "(3c) w1 s/= w2"],
  [alu32("neg", R1, 0), "(84) w1 = -w1"],
  [byteSwap("be", 16, R1), "(dc) r1 = be16 r1"],
  [byteSwap("bswap", 32, R1), "(d7) r1 = bswap32 r1"],
  [load("dw", R1, R10, -8), "(79) r1 = *(u64 *)(r10 -8)"],
  [loadSignExtended("b", R1, R2, 0), "(91) r1 = *(s8 *)(r2 +0)"],
  [store("h", R10, -2, -1), "(6a) *(u16 *)(r10 -2) = -1"],
  [store("dw", R10, -16, R6), "(7b) *(u64 *)(r10 -16) = r6"],
  [atomic("xor", "dw", R2, 8, R1), "(db) lock *(u64 *)(r2 +8) ^= r1"],
  [atomic("fetch-add", "dw", R2, 0, R1), "(db) r1 = atomic64_fetch_add((u64 *)(r2 +0), r1)"],
  [atomic("xchg", "w", R2, 0, R1), "(c3) r1 = atomic_xchg((u32 *)(r2 +0), r1)"],
  [atomic("cmpxchg", "dw", R2, 0, R1), "(db) r0 = atomic64_cmpxchg((u64 *)(r2 +0), r0, r1)"],
  [loadAbs("w", 14), "(20) r0 = *(u32 *)skb[14]"],
  [loadInd("h", R1, 2), "(48) r0 = *(u16 *)skb[r1 + 2]"],
  [callHelper(169), "(85) call bpf_timer_init#169"],
  [callHelper(4242), "(85) call unknown#4242"],
  [raw(0x85, { src: 1, imm: 7 }), "(85) call pc+7"],
  [raw(0x85, { src: 2, imm: 77 }), "(85) call kernel-function#77"],
  [raw(0x15, { offset: 3 }), "(15) if r0 == 0x0 goto pc+3"],
  [raw(0xa6, { dst: 1, imm: -1, offset: -2 }), "(a6) if w1 < 0xffffffff goto pc-2"],
  [raw(0x6d, { dst: 1, src: 2, offset: 1 }), "(6d) if r1 s> r2 goto pc+1"],
  [raw(0x05, { offset: -1 }), "(05) goto pc-1"],
  [raw(0x06, { imm: 70_000 }), "(06) gotol pc+70000"],
  [raw(0xe5, { offset: 2 }), "(e5) may_goto pc+2"],
  [exit(), "(95) exit"],
  [raw(0xff), "(ff) unknown"],
  [raw(0x18), "(18) unknown"],
  [atomic("add", "w", R2, 0, R1), "(c3) lock *(u32 *)(r2 +0) += r1"],
  [{ ...atomic("add", "w", R2, 0, R1), imm: 0x33 }, "(c3) unknown"],
])("%o reads %s", (instruction, text) => {
  expect(disassemble([instruction])).toEqual([`0: ${text}`]);
});

describe("a whole program", () => {
  const { instructions, relocations, labels } = new Assembler()
    .loadMap(R1, "m0")
    .loadMapValue(R2, "log", 8)
    .loadFunction(R2, "callback0")
    .loadImm64(R0, 0x1234_5678_9abc_def0n)
    .callKfunc("bpf_timer_cancel_async")
    .emit(exit())
    .label("callback0")
    .emit(mov(R0, 0), exit())
    .assemble();

  test("names maps, kfuncs and functions, and gives a 64-bit load one line", () => {
    const slots = new Map([...labels].map(([name, slot]) => [slot, name]));
    const lines = disassemble(instructions, {
      relocations,
      label: (slot) => slots.get(slot),
    });
    expect(lines).toEqual([
      "0: (18) r1 = map[m0]",
      "2: (18) r2 = map[log][0]+8",
      "4: (18) r2 = func[pc+5]",
      "6: (18) r0 = 0x123456789abcdef0",
      "8: (85) call bpf_timer_cancel_async",
      "9: (95) exit",
      "callback0:",
      "10: (b7) r0 = 0",
      "11: (95) exit",
    ]);
  });

  test("falls back to what the bytes say", () => {
    expect(disassemble(instructions).slice(0, 2)).toEqual(["0: (18) r1 = map[fd:0]", "2: (18) r2 = map[fd:0][0]+8"]);
    expect(disassemble(instructions, { relocations })[0]).toBe("0: (18) r1 = map[m0]");
  });
});

test("knows every instruction a builder gives", () => {
  fc.assert(
    fc.property(builtInstruction, (instruction) => {
      expect(disassemble([instruction])[0]).not.toMatch(/unknown|undefined/);
    }),
  );
});

test("gives each slot one line, or shares it with a 64-bit load, whatever the bits", () => {
  fc.assert(
    fc.property(fc.array(anyInstruction), (instructions) => {
      const wide = instructions.filter((one, slot) => one.opcode === 0x18 && instructions[slot + 1]?.opcode === 0);
      expect(disassemble(instructions)).toHaveLength(instructions.length - wide.length);
    }),
  );
});
