/** Arithmetic with pointers, an instruction at a time: what adjust_ptr_min_max_vals allows. */
import { describe, expect, test } from "vitest";
import { ALU_OP } from "../../../../bpf/instruction.ts";
import type { Code } from "../../../../harness/emulator/code.ts";
import type { BpfMap } from "../../../../harness/emulator/maps/bpf-map.ts";
import { checkArithmetic } from "../../../../harness/emulator/verifier/arithmetic.ts";
import {
  constant,
  type MapValuePointer,
  type RegisterState,
  ranged,
  UNINITIALIZED,
  UNKNOWN,
} from "../../../../harness/emulator/verifier/register-state.ts";
import { Rejection } from "../../../../harness/emulator/verifier/rejection.ts";

const map = {} as BpfMap;
const value: MapValuePointer = { type: "map_value", map, uid: 0, orNull: false, id: 1, offset: 8, min: 0, max: 0 };
const stack: RegisterState = { type: "fp", frame: 0, offset: 0 };
const context: RegisterState = { type: "ctx", offset: 0 };
const mapPointer: RegisterState = { type: "map_ptr", map, uid: 0 };
const key: RegisterState = { type: "map_key", map, offset: 0 };
const code: RegisterState = { type: "func", entry: 3 };
const OFFSET_MAX = 2 ** 29;

interface Instruction {
  readonly op: keyof typeof ALU_OP;
  readonly wide?: boolean;
  /** Register 2, or an immediate. */
  readonly by: RegisterState | number;
  readonly offset?: number;
  readonly register?: number;
}

/** What register 1 holds afterwards. */
function after(dst: RegisterState, { op, wide = true, by, offset = 0, register = 1 }: Instruction): RegisterState {
  const isImmediate = typeof by === "number";
  const columns = {
    opcode: Uint8Array.of(ALU_OP[op] | (wide ? 7 : 4) | (isImmediate ? 0 : 8)),
    dst: Uint8Array.of(register),
    src: Uint8Array.of(2),
    offset: Int32Array.of(offset),
    imm: Int32Array.of(isImmediate ? by : 0),
  };
  const registers: RegisterState[] = [UNINITIALIZED, dst, isImmediate ? UNINITIALIZED : by];
  checkArithmetic(columns as unknown as Code, 0, registers);
  return registers[1] as RegisterState;
}

/** Why it is refused. */
function refusal(dst: RegisterState, instruction: Instruction): string {
  try {
    after(dst, instruction);
  } catch (error) {
    if (error instanceof Rejection) return error.message;
    throw error;
  }
  return "it is not";
}

describe("a pointer", () => {
  test.each<[string, RegisterState, Instruction, object]>([
    ["into a value, by a constant", value, { op: "add", by: 4 }, { offset: 12 }],
    ["into a value, back", value, { op: "sub", by: 4 }, { offset: 4 }],
    ["into a value, by a negative number", value, { op: "add", by: -4 }, { offset: 4 }],
    ["into a value, by a range", { ...value, min: 1, max: 2 }, { op: "add", by: ranged(3, 5) }, { min: 4, max: 7 }],
    ["into a value, by nearly too much", value, { op: "add", by: OFFSET_MAX - 1 }, { offset: 8 + OFFSET_MAX - 1 }],
    ["into a value, by a range nearly too far", value, { op: "add", by: ranged(0, OFFSET_MAX - 1) }, { min: 0 }],
    ["into the stack", stack, { op: "add", by: -8 }, { type: "fp", offset: -8 }],
    ["into the context", context, { op: "add", by: 8 }, { type: "ctx", offset: 8 }],
    ["to a key", key, { op: "add", by: constant(4n) }, { type: "map_key", offset: 4 }],
    ["that is added to a number", constant(4n), { op: "add", by: value }, { type: "map_value", offset: 12 }],
    ["to a map, by nothing", mapPointer, { op: "add", by: 0 }, mapPointer],
    ["less another is a number", value, { op: "sub", by: value }, UNKNOWN],
    ["copied is itself", UNKNOWN, { op: "mov", by: value }, value],
    ["of which half is copied is a number", UNKNOWN, { op: "mov", by: value, wide: false }, ranged(0, 0xffff_ffff)],
    ["copied with a sign is a number", UNKNOWN, { op: "mov", by: value, offset: 32 }, UNKNOWN],
  ])("%s", (_, dst, instruction, result) => {
    expect(after(dst, instruction)).toMatchObject(result);
  });

  test.each<[string, RegisterState, Instruction]>([
    ["pointer arithmetic on map_value_or_null prohibited", { ...value, orNull: true }, { op: "add", by: 4 }],
    ["math between map_value pointer and 536870912 is not allowed", value, { op: "add", by: OFFSET_MAX }],
    ["math between map_value pointer and -536870912 is not allowed", value, { op: "sub", by: OFFSET_MAX }],
    ["with unbounded min value", value, { op: "add", by: ranged(0, OFFSET_MAX) }],
    ["with unbounded min value", value, { op: "add", by: UNKNOWN }],
    ["with unbounded min value", value, { op: "sub", by: ranged(0, 4) }],
    ["variable fp offset is not allowed", stack, { op: "add", by: ranged(0, 4) }],
    ["variable ctx offset is not allowed", context, { op: "add", by: ranged(0, 4) }],
    ["variable map_key offset is not allowed", key, { op: "add", by: ranged(0, 4) }],
    ["arithmetic on map_ptr prohibited", mapPointer, { op: "add", by: 8 }],
    ["arithmetic on map_ptr prohibited", mapPointer, { op: "sub", by: 0 }],
    ["arithmetic on func prohibited", code, { op: "add", by: 0 }],
    ["32-bit pointer arithmetic prohibited", value, { op: "add", by: 4, wide: false }],
    ["bitwise operator on pointer prohibited", value, { op: "and", by: 4 }],
    ["bitwise operator on pointer prohibited", value, { op: "or", by: 4 }],
    ["bitwise operator on pointer prohibited", value, { op: "xor", by: 4 }],
    ["arithmetic with this operator prohibited", value, { op: "mul", by: 4 }],
    ["arithmetic with this operator prohibited", value, { op: "lsh", by: 4 }],
    ["pointer op pointer prohibited", value, { op: "add", by: value }],
    ["tried to subtract pointer from scalar", constant(4n), { op: "sub", by: value }],
    ["pointer arithmetic prohibited", value, { op: "neg", by: 0 }],
    ["pointer arithmetic prohibited", value, { op: "end", by: 0 }],
  ])("%s (%#)", (message, dst, instruction) => {
    expect(refusal(dst, instruction)).toContain(message);
  });
});

describe("a number", () => {
  test("is computed with", () => {
    expect(after(constant(5n), { op: "add", by: 7 })).toEqual(constant(12n));
    expect(after(constant(5n), { op: "neg", by: 0 })).toEqual(constant(-5n));
    expect(after(constant(5n), { op: "end", by: 16 })).toEqual(UNKNOWN);
    expect(after(UNINITIALIZED, { op: "mov", by: 7 })).toEqual(constant(7n));
    expect(after(UNINITIALIZED, { op: "mov", by: -1, wide: false })).toEqual(constant(0xffff_ffffn));
  });

  test("that negates or swaps reads no other register", () => {
    expect(after(constant(5n), { op: "neg", by: UNINITIALIZED })).toEqual(constant(-5n));
    expect(after(constant(5n), { op: "end", by: UNINITIALIZED })).toEqual(UNKNOWN);
  });
});

test("registers that hold nothing are not read, and the frame pointer is not written", () => {
  expect(refusal(UNINITIALIZED, { op: "add", by: 7 })).toBe("R1 !read_ok");
  expect(refusal(UNINITIALIZED, { op: "neg", by: 7 })).toBe("R1 !read_ok");
  expect(refusal(constant(5n), { op: "add", by: UNINITIALIZED })).toBe("R2 !read_ok");
  expect(refusal(constant(5n), { op: "mov", by: UNINITIALIZED })).toBe("R2 !read_ok");
  expect(refusal(constant(5n), { op: "mov", by: 7, register: 10 })).toBe("frame pointer is read only");
});
