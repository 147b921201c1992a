/** Which registers are read later, and which exactly: the masks of small programs, worked out by hand. */
import { describe, expect, test } from "vitest";
import {
  Assembler,
  add,
  alu32,
  alu64,
  callHelper,
  exit,
  load,
  mov,
  R0,
  R1,
  R2,
  R3,
  R6,
  R7,
  R10,
  store,
} from "../../../../bpf/assembler.ts";
import { encodeInstructions } from "../../../../bpf/instruction.ts";
import { HELPER } from "../../../../bpf/uapi.ts";
import { codeOf } from "../../../../harness/emulator/code.ts";
import { findLiveness } from "../../../../harness/emulator/verifier/liveness.ts";
import type { Subprogram } from "../../../../harness/emulator/verifier/subprograms.ts";

interface Options {
  readonly returnIsPrecise?: boolean;
  /** Where functions begin, beside the program itself. */
  readonly functions?: readonly string[];
}

/** Before each instruction, the registers that are live and those that are precise: `01 1`. */
function masks(
  build: (asm: Assembler) => unknown,
  { returnIsPrecise = false, functions = [] }: Options = {},
): string[] {
  const asm = new Assembler();
  build(asm);
  const { instructions, labels } = asm.assemble();
  const code = codeOf(encodeInstructions(instructions));
  const starts = [0, ...functions.map((label) => labels.get(label) ?? -1)];
  const subprograms = starts.map(
    (start, index): Subprogram => ({
      index,
      start,
      end: starts[index + 1] ?? code.length,
      isGlobal: false,
      parameters: [],
    }),
  );
  const { live, precise } = findLiveness(code, subprograms, returnIsPrecise);
  const names = (mask: number | undefined): string =>
    Array.from({ length: 11 }, (_, register) => register)
      .filter((register) => ((mask ?? 0) & (1 << register)) !== 0)
      .map((register) => register.toString(16))
      .join("");
  return Array.from(live, (mask, slot) => `${names(mask)} ${names(precise[slot])}`);
}

describe("before an instruction are live", () => {
  test.each<[string, (asm: Assembler) => unknown, string[]]>([
    ["what is returned", (asm) => asm.emit(exit()), ["0 "]],
    ["what is copied, and not what it is copied to", (asm) => asm.emit(mov(R0, R6), exit()), ["6 ", "0 "]],
    ["nothing where a number is written", (asm) => asm.emit(mov(R0, 5), exit()), [" ", "0 "]],
    [
      "both sides of a sum, exactly: it may be an address",
      (asm) => asm.emit(alu64("add", R0, R6), exit()),
      ["06 06", "0 "],
    ],
    ["both sides of a difference, exactly", (asm) => asm.emit(alu64("sub", R0, R6), exit()), ["06 06", "0 "]],
    ["both sides of a product", (asm) => asm.emit(alu64("mul", R0, R6), exit()), ["06 ", "0 "]],
    ["both sides of a sum of 32 bits", (asm) => asm.emit(alu32("add", R0, R6), exit()), ["06 ", "0 "]],
    ["what a number is added to", (asm) => asm.emit(add(R0, 5), exit()), ["0 ", "0 "]],
    ["the address of a load, exactly", (asm) => asm.emit(load("dw", R0, R6, 0), exit()), ["6 6", "0 "]],
    ["the address of a store of a number", (asm) => asm.emit(store("dw", R6, 0, 5), exit()), ["06 6", "0 "]],
    ["the address of a store, and what is stored", (asm) => asm.emit(store("dw", R6, 0, R7), exit()), ["067 6", "0 "]],
    ["what is spilled, exactly", (asm) => asm.emit(store("dw", R10, -8, R7), exit()), ["07a 7a", "0 "]],
    [
      "what a jump compares, exactly",
      (asm) => asm.jumpIf("eq", R6, R7, "end").label("end").emit(exit()),
      ["067 67", "0 "],
    ],
    [
      "what a jump compares with a number",
      (asm) => asm.jumpIf("eq", R6, 1, "end").label("end").emit(exit()),
      ["06 6", "0 "],
    ],
    [
      "what is live on either way of a jump",
      (asm) => asm.jumpIf("eq", R6, 1, "end").emit(mov(R0, R7)).label("end").emit(exit()),
      ["067 6", "7 ", "0 "],
    ],
    [
      "what is live where a jump goes, and nothing of what it passes",
      (asm) => asm.jump("end").emit(mov(R0, R7)).label("end").emit(exit()),
      ["0 ", "7 ", "0 "],
    ],
    [
      "nothing of a register that is loaded with 64 bits",
      (asm) => asm.loadMap(R0, "m0").emit(exit()),
      [" ", " ", "0 "],
    ],
    [
      "the arguments of a helper, and what outlives it",
      (asm) => asm.emit(callHelper(HELPER.timer_set_callback), mov(R0, R6), exit()),
      ["126 ", "6 ", "0 "],
    ],
    ["all arguments of a helper that is not known", (asm) => asm.emit(callHelper(9999), exit()), ["12345 ", "0 "]],
    [
      "what a loop reads in its next round",
      (asm) => asm.label("again").emit(mov(R0, R7), mov(R7, R3)).jumpIf("eq", R6, 1, "again").emit(exit()),
      ["367 6", "036 6", "0367 6", "0 "],
    ],
  ])("%s", (_, build, expected) => {
    expect(masks(build)).toEqual(expected);
  });
});

describe("a number is precise", () => {
  test("where it is copied to what is", () => {
    expect(masks((asm) => asm.emit(mov(R1, R6), load("dw", R0, R1, 0), exit()))).toEqual(["6 6", "1 1", "0 "]);
    expect(masks((asm) => asm.emit(mov(R1, R6), mov(R0, R1), exit()))).toEqual(["6 ", "1 ", "0 "]);
  });

  test("where it is part of what is", () => {
    const build = (asm: Assembler) => asm.emit(alu64("and", R1, R6), load("dw", R0, R1, 0), exit());
    expect(masks(build)).toEqual(["16 16", "1 1", "0 "]);
  });

  test("where it is returned, if the kernel says so", () => {
    const build = (asm: Assembler) => asm.emit(mov(R0, R6), exit());
    expect(masks(build, { returnIsPrecise: true })).toEqual(["6 6", "0 0"]);
  });
});

test("a call reads the arguments that its function reads, and what a function returns may matter", () => {
  const build = (asm: Assembler) =>
    asm
      .callFunction("callee")
      .emit(mov(R0, R6), exit())
      .label("callee")
      .emit(load("dw", R0, R2, 0), exit());
  expect(masks(build, { functions: ["callee"] })).toEqual(["26 2", "6 ", "0 ", "2 2", "0 0"]);
});
