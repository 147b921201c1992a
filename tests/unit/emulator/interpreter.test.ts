import { describe, expect, test } from "vitest";
import {
  Assembler,
  add,
  alu64,
  atomic,
  byteSwap,
  callHelper,
  exit,
  load,
  loadAbs,
  loadSignExtended,
  mov,
  R0,
  R1,
  R2,
  R6,
  R10,
  store,
} from "../../../bpf/assembler.ts";
import { encodeInstructions } from "../../../bpf/instruction.ts";
import { codeOf } from "../../../harness/emulator/code.ts";
import { InstructionBudgetExhausted, Interpreter } from "../../../harness/emulator/interpreter.ts";
import { Memory, MemoryFault } from "../../../harness/emulator/memory.ts";

const PACKET = [0xde, 0xad, 0xbe, 0xef];

function execute(build: (asm: Assembler) => unknown, budget = 10_000): number {
  const asm = new Assembler();
  build(asm);
  const code = codeOf(encodeInstructions(asm.assemble().instructions));
  const interpreter = new Interpreter<{ code: typeof code }>(new Memory(), {
    callHelper: (id, lo, hi) => {
      lo[0] = id * 2;
      hi[0] = 0;
    },
    callKfunc: () => undefined,
    packetByte: (offset) => PACKET[offset],
  });
  interpreter.reset(budget);
  return interpreter.run({ code }, 0);
}

describe("the interpreter", () => {
  test("loads what it stored, of every size, with and without sign", () => {
    const sum = execute((asm) =>
      asm
        .loadImm64(R1, 0x8182838485868788n)
        .emit(store("dw", R10, -8, R1))
        .emit(load("b", R0, R10, -8), load("h", R2, R10, -8), alu64("xor", R0, R2))
        .emit(loadSignExtended("b", R2, R10, -8), alu64("xor", R0, R2))
        .emit(loadSignExtended("w", R2, R10, -4), alu64("rsh", R2, 32), alu64("xor", R0, R2), exit()),
    );
    const expected = 0x88 ^ 0x8788 ^ -0x78 ^ -1;
    expect(sum).toBe(expected | 0);
  });

  test("stores an immediate sign-extended", () => {
    expect(execute((asm) => asm.emit(store("dw", R10, -8, -2), load("w", R0, R10, -4), exit()))).toBe(-1);
  });

  test("fetches and combines atomically", () => {
    const run = (op: "fetch-add" | "xchg" | "fetch-and") =>
      execute((asm) =>
        asm
          .emit(store("dw", R10, -8, 12), mov(R1, 10), atomic(op, "dw", R10, -8, R1))
          .emit(load("dw", R0, R10, -8), alu64("mul", R0, 100), alu64("add", R0, R1), exit()),
      );
    expect(run("fetch-add")).toBe(2212);
    expect(run("xchg")).toBe(1012);
    expect(run("fetch-and")).toBe(812);
  });

  test("compares and exchanges through register 0", () => {
    const run = (expected: number) =>
      execute((asm) =>
        asm
          .emit(store("dw", R10, -8, 7), mov(R0, expected), mov(R1, 9), atomic("cmpxchg", "dw", R10, -8, R1))
          .emit(load("dw", R1, R10, -8), alu64("mul", R0, 10), add(R0, R1), exit()),
      );
    expect(run(7)).toBe(79);
    expect(run(8)).toBe(77);
  });

  test("gives every call its own stack, and the caller its registers back", () => {
    const value = execute((asm) =>
      asm
        .emit(mov(R6, 5), store("dw", R10, -8, 40), mov(R1, 2))
        .callFunction("callee")
        .emit(add(R0, R6), load("dw", R1, R10, -8), add(R0, R1), exit())
        .label("callee")
        .emit(mov(R6, 1000), store("dw", R10, -8, 0), mov(R0, R1), exit()),
    );
    expect(value).toBe(47);
  });

  test("jumps far, swaps bytes, calls helpers", () => {
    const value = execute((asm) =>
      asm
        .jumpLong("far")
        .emit(exit())
        .label("far")
        .emit(callHelper(21), byteSwap("bswap", 16, R0), alu64("rsh", R0, 8), exit()),
    );
    expect(value).toBe(42);
  });

  test("reads the packet in network order, and ends with 0 past its end", () => {
    expect(execute((asm) => asm.emit(loadAbs("h", 1), exit()))).toBe(0xadbe);
    expect(execute((asm) => asm.emit(mov(R0, 9), loadAbs("w", 1), mov(R0, 7), exit()))).toBe(0);
  });

  test("faults outside its memory", () => {
    expect(() => execute((asm) => asm.emit(load("w", R0, R10, -516), exit()))).toThrow(MemoryFault);
    expect(() => execute((asm) => asm.emit(mov(R1, 0), load("w", R0, R1, 0), exit()))).toThrow(MemoryFault);
  });

  test("cuts off a loop without end", () => {
    expect(() => execute((asm) => asm.label("again").jump("again"))).toThrow(InstructionBudgetExhausted);
  });
});
