import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Assembler, AssemblyError, exit, mov, R0, R1, R2 } from "../../../bpf/assembler.ts";

const call = { opcode: 0x85, dst: 0, offset: 0 };

describe("labels", () => {
  test("resolve forwards and backwards, counted from the next instruction", () => {
    const { instructions, labels } = new Assembler()
      .label("start")
      .emit(mov(R0, 0))
      .jumpIf("eq", R0, 0, "end")
      .jumpIf32("slt", R0, R1, "start")
      .jump("start")
      .jumpLong("start")
      .label("end")
      .emit(exit())
      .assemble();
    expect(instructions.slice(1, 5)).toEqual([
      { opcode: 0x15, dst: 0, src: 0, offset: 3, imm: 0 },
      { opcode: 0xce, dst: 0, src: 1, offset: -3, imm: 0 },
      { opcode: 0x05, dst: 0, src: 0, offset: -4, imm: 0 },
      { opcode: 0x06, dst: 0, src: 0, offset: 0, imm: -5 },
    ]);
    expect([...labels]).toEqual([
      ["start", 0],
      ["end", 5],
    ]);
  });

  test("may not be placed twice", () => {
    expect(() => new Assembler().label("a").label("a")).toThrow(AssemblyError);
  });

  test("must be placed, before some instruction", () => {
    expect(() => new Assembler().jump("nowhere").assemble()).toThrow(/nowhere/);
    expect(() => new Assembler().jump("end").label("end").assemble()).toThrow(AssemblyError);
  });

  test("are too far away beyond 32767 slots", () => {
    const jumpOver = (slots: number): Assembler =>
      Array.from({ length: slots }).reduce<Assembler>(
        (program) => program.emit(mov(R0, 0)),
        new Assembler().jump("far"),
      );
    expect(jumpOver(32_767).label("far").emit(exit()).assemble().instructions[0]?.offset).toBe(32_767);
    expect(() => jumpOver(32_768).label("far").emit(exit()).assemble()).toThrow(AssemblyError);
  });
});

test("calls and function addresses count from the slot after their first", () => {
  const { instructions } = new Assembler()
    .loadFunction(R2, "callback")
    .callFunction("callback")
    .emit(exit())
    .label("callback")
    .emit(exit())
    .assemble();
  expect(instructions.slice(0, 3)).toEqual([
    { opcode: 0x18, dst: 2, src: 4, offset: 0, imm: 3 },
    { opcode: 0, dst: 0, src: 0, offset: 0, imm: 0 },
    { ...call, src: 1, imm: 1 },
  ]);
});

test("maps and kfuncs leave relocations", () => {
  const program = new Assembler()
    .loadMap(R1, "m3")
    .loadMapValue(R2, "log", 40)
    .callKfunc("bpf_timer_cancel_async")
    .emit(exit());
  expect(program.position).toBe(6);
  expect(program.assemble()).toEqual({
    instructions: [
      { opcode: 0x18, dst: 1, src: 1, offset: 0, imm: 0 },
      { opcode: 0, dst: 0, src: 0, offset: 0, imm: 0 },
      { opcode: 0x18, dst: 2, src: 2, offset: 0, imm: 0 },
      { opcode: 0, dst: 0, src: 0, offset: 0, imm: 40 },
      { ...call, src: 2, imm: 0 },
      exit(),
    ],
    relocations: [
      { kind: "map", instruction: 0, map: "m3" },
      { kind: "map", instruction: 2, map: "log" },
      { kind: "kfunc", instruction: 4, name: "bpf_timer_cancel_async" },
    ],
    labels: new Map(),
  });
});

test("a 64-bit immediate keeps every bit", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 64n) - 1n }), (value) => {
      const [low, high] = new Assembler().loadImm64(R1, value).assemble().instructions;
      const halves = [high, low].map((half) => BigInt((half?.imm ?? 0) >>> 0));
      expect(((halves[0] ?? 0n) << 32n) | (halves[1] ?? 0n)).toBe(BigInt.asUintN(64, value));
    }),
  );
  expect(() => new Assembler().loadImm64(R1, 1n << 64n)).toThrow(RangeError);
});

test("assembling leaves the assembler as it was", () => {
  const program = new Assembler().jump("end").label("end").emit(exit());
  expect(program.assemble()).toEqual(program.assemble());
  expect(program.emit(exit()).assemble().instructions).toHaveLength(3);
});
