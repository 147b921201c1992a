/** The functions of a program: add_subprog_and_kfunc, check_subprogs, check_btf_func and check_cfg of kernel/bpf/verifier.c. */
import { describe, expect, test } from "vitest";
import { Assembler, add, exit, mov, R0, R1, R2 } from "../../../../bpf/assembler.ts";
import { BtfWriter, readBtf } from "../../../../bpf/btf.ts";
import { encodeInstructions } from "../../../../bpf/instruction.ts";
import { type Code, codeOf } from "../../../../harness/emulator/code.ts";
import {
  fallsThrough,
  findSubprograms,
  findUnreachable,
  jumpTarget,
  referredFunction,
} from "../../../../harness/emulator/verifier/subprograms.ts";
import type { CompiledProgram } from "../../../../scenario/compiled-scenario.ts";

const codeFrom = (build: (asm: Assembler) => unknown): Code => {
  const asm = new Assembler();
  build(asm);
  return codeOf(encodeInstructions(asm.assemble().instructions));
};

const writer = new BtfWriter();
const int = writer.int("int", 4, 1);
const pointer = writer.ptr(0);
const main = writer.func("main", writer.funcProto(int, [{ name: "ctx", typeId: pointer }]), "global");
const numbers = [
  { name: "a", typeId: int },
  { name: "b", typeId: pointer },
];
const callee = writer.func("callee", writer.funcProto(int, numbers), "static");
const btf = readBtf(writer.encode());

type FuncInfo = CompiledProgram["funcInfo"];
const find = (build: (asm: Assembler) => unknown, funcInfo: FuncInfo = []) =>
  findSubprograms(codeFrom(build), { funcInfo } as unknown as CompiledProgram, btf);

/** A program that calls a function, which stands behind it at slot 3. */
const calling = (asm: Assembler): Assembler =>
  asm.callFunction("callee").emit(mov(R0, 0), exit()).label("callee").emit(mov(R0, 1), exit());

describe("the functions of a program", () => {
  test("are where it calls, and where it takes an address", () => {
    expect(find((asm) => asm.emit(mov(R0, 0), exit()))).toMatchObject([{ index: 0, start: 0, end: 2 }]);
    expect(find(calling)).toMatchObject([
      { index: 0, start: 0, end: 3 },
      { index: 1, start: 3, end: 5 },
    ]);
    const addressed = (asm: Assembler) =>
      asm.loadFunction(R2, "b").callFunction("a").emit(exit()).label("a").emit(exit()).label("b").emit(exit());
    expect(find(addressed)).toMatchObject([
      { start: 0, end: 4 },
      { start: 4, end: 5 },
      { start: 5, end: 6 },
    ]);
  });

  test("are what func_info says, with what they take", () => {
    const said = [
      { instruction: 0, typeId: main },
      { instruction: 3, typeId: callee },
    ];
    expect(find(calling, said)).toMatchObject([
      { isGlobal: true, parameters: ["pointer"] },
      { isGlobal: false, parameters: ["scalar", "pointer"] },
    ]);
    expect(find(calling)).toMatchObject([{ isGlobal: false, parameters: [] }, { parameters: [] }]);
    const [first, second] = said as [FuncInfo[number], FuncInfo[number]];
    expect(() => find(calling, [first])).toThrow("number of funcs in func_info doesn't match number of subprogs");
    expect(() => find(calling, [first, { ...second, instruction: 4 }])).toThrow("doesn't match subprog layout");
    expect(() => find(calling, [{ ...first, instruction: 1 }, second])).toThrow("doesn't match subprog layout");
    expect(() => find(calling, [first, { ...second, typeId: int }])).toThrow(`invalid type id ${int} in func info`);
    expect(() => find(calling, [first, { ...second, typeId: 999 }])).toThrow("invalid type id 999 in func info");
  });

  test("lie within the program", () => {
    const code = codeFrom(calling);
    const to = (imm: number) => () => {
      code.imm[0] = imm;
      return findSubprograms(code, { funcInfo: [] } as unknown as CompiledProgram, btf);
    };
    expect(to(2)).not.toThrow();
    expect(to(3)).toThrow("last insn is not an exit or jmp");
    expect(to(4)).toThrow("call to invalid destination 5");
    expect(to(-2)).toThrow("call to invalid destination -1");
  });

  test("are not left but by an exit, nor by a jump", () => {
    expect(() => find((asm) => asm.emit(mov(R0, 0)))).toThrow("last insn is not an exit or jmp");
    expect(() => find((asm) => asm.label("a").emit(mov(R0, 0)).jump("a"))).not.toThrow();
    const jumps = (where: "out" | "in") => (asm: Assembler) => {
      asm.callFunction("callee").label("in").emit(exit()).label("callee").emit(mov(R0, 0));
      return asm.jumpIf("eq", R0, 0, where).emit(mov(R0, 1)).label("out").emit(exit());
    };
    expect(() => find(jumps("out"))).not.toThrow();
    expect(() => find(jumps("in"))).toThrow("jump out of range from insn 3 to 1");
    const forward = (asm: Assembler) =>
      asm.callFunction("callee").jumpIf("eq", R0, 0, "callee").emit(exit()).label("callee").emit(exit());
    expect(() => find(forward)).toThrow("jump out of range from insn 1 to 3");
    const back = (asm: Assembler) =>
      asm
        .callFunction("callee")
        .emit(exit())
        .label("callee")
        .emit(mov(R0, 0))
        .jumpIf("eq", R0, 0, "callee")
        .emit(exit());
    expect(() => find(back)).not.toThrow();
  });
});

describe("where control goes", () => {
  test("by jumps, short and long, and by nothing else", () => {
    const code = codeFrom((asm) =>
      asm
        .jump("a")
        .label("a")
        .jumpLong("b")
        .emit(add(R0, R1))
        .label("b")
        .jumpIf("eq", R0, 0, "a")
        .callFunction("c")
        .emit(exit())
        .label("c")
        .emit(exit()),
    );
    expect([0, 1, 2, 3, 4, 5].map((slot) => jumpTarget(code, slot))).toEqual([1, 3, -1, 1, -1, -1]);
    expect([0, 1, 2, 3, 4, 5].map((slot) => fallsThrough(code, slot))).toEqual([false, false, true, true, true, false]);
    expect([0, 3, 4].map((slot) => referredFunction(code, slot))).toEqual([undefined, undefined, 6]);
  });

  test("everywhere, or the first place is found where it does not", () => {
    expect(findUnreachable(codeFrom(calling))).toBe(-1);
    expect(findUnreachable(codeFrom((asm) => asm.loadImm64(R0, 1n).emit(exit())))).toBe(-1);
    expect(findUnreachable(codeFrom((asm) => asm.emit(exit(), mov(R0, 0), exit())))).toBe(1);
    expect(findUnreachable(codeFrom((asm) => asm.jump("a").emit(mov(R0, 1)).label("a").emit(exit())))).toBe(1);
    const branch = (asm: Assembler) => asm.jumpIf("eq", R1, 0, "a").emit(exit()).label("a").emit(exit());
    expect(findUnreachable(codeFrom(branch))).toBe(-1);
    const address = (asm: Assembler) => asm.loadFunction(R2, "f").emit(exit()).label("f").emit(exit());
    expect(findUnreachable(codeFrom(address))).toBe(-1);
  });
});
