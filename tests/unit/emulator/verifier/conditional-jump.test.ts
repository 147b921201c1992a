/** A conditional jump: which ways it can go, and what is known of the registers on each. */
import { describe, expect, test } from "vitest";
import { JMP_OP } from "../../../../bpf/instruction.ts";
import type { Code } from "../../../../harness/emulator/code.ts";
import type { BpfMap } from "../../../../harness/emulator/maps/bpf-map.ts";
import { checkConditionalJump } from "../../../../harness/emulator/verifier/conditional-jump.ts";
import {
  constant,
  type MapValuePointer,
  type RegisterState,
  ranged,
  UNINITIALIZED,
  UNKNOWN,
} from "../../../../harness/emulator/verifier/register-state.ts";
import { newFrame, type VerifierState } from "../../../../harness/emulator/verifier/verifier-state.ts";

const map = {} as BpfMap;
const found: MapValuePointer = { type: "map_value", map, uid: 0, orNull: true, id: 3, offset: 0, min: 0, max: 0 };
const value: MapValuePointer = { ...found, orNull: false };
const key: RegisterState = { type: "map_key", map, offset: 0 };
const NEXT = 1;
const TARGET = 5;

interface Jump {
  readonly op: keyof typeof JMP_OP;
  readonly wide?: boolean;
  /** Register 2, or an immediate. */
  readonly by: RegisterState | number;
}

interface Way {
  readonly slot: number;
  /** Register 1. */
  readonly dst: RegisterState | undefined;
  readonly state: VerifierState;
}

/** The ways on from a jump that compares register 1. */
function ways(dst: RegisterState, { op, wide = true, by }: Jump, held: readonly RegisterState[] = []): Way[] {
  const isImmediate = typeof by === "number";
  const columns = {
    opcode: Uint8Array.of(JMP_OP[op] | (wide ? 5 : 6) | (isImmediate ? 0 : 8)),
    dst: Uint8Array.of(1),
    src: Uint8Array.of(2),
    offset: Int32Array.of(TARGET - NEXT),
    imm: Int32Array.of(isImmediate ? by : 0),
  };
  const frames = [newFrame(0, 0, -1, false), newFrame(1, 1, 5, false)];
  const [outer, top] = frames as [(typeof frames)[0], (typeof frames)[0]];
  held.forEach((each, at) => {
    outer.registers[6 + at] = each;
    outer.stack.push(each);
  });
  top.registers[1] = dst;
  if (!isImmediate) top.registers[2] = by;
  const state: VerifierState = { slot: 0, frames, lock: undefined, irqFlags: [] };
  const other = checkConditionalJump(columns as unknown as Code, state);
  return [state, ...(other === undefined ? [] : [other])].map((each) => ({
    slot: each.slot,
    dst: each.frames[1]?.registers[1],
    state: each,
  }));
}

const slots = (dst: RegisterState, jump: Jump): number[] => ways(dst, jump).map(({ slot }) => slot);

describe("a jump on numbers", () => {
  test("goes the one way that is left", () => {
    expect(slots(constant(3n), { op: "eq", by: 3 })).toEqual([TARGET]);
    expect(slots(constant(3n), { op: "eq", by: 4 })).toEqual([NEXT]);
    expect(slots(constant(3n), { op: "ne", by: constant(4n) })).toEqual([TARGET]);
    expect(slots(constant(2n ** 32n), { op: "eq", by: 0 })).toEqual([NEXT]);
    expect(slots(constant(2n ** 32n), { op: "eq", by: 0, wide: false })).toEqual([TARGET]);
  });

  test("goes both ways otherwise, and tells which numbers go where", () => {
    const [next, target] = ways(ranged(0, 9), { op: "gt", by: 4 });
    expect([next?.slot, target?.slot]).toEqual([NEXT, TARGET]);
    expect([next?.dst, target?.dst]).toEqual([ranged(0, 4), ranged(5, 9)]);
    expect(ways(ranged(0, 9), { op: "gt", by: constant(4n) }).map(({ dst }) => dst)).toEqual([
      ranged(0, 4),
      ranged(5, 9),
    ]);
    expect(ways(UNKNOWN, { op: "lt", by: 4, wide: false }).map(({ dst }) => dst)).toEqual([UNKNOWN, UNKNOWN]);
  });
});

describe("a pointer from a lookup", () => {
  test.each([
    ["eq", { next: value, target: constant(0n) }],
    ["ne", { next: constant(0n), target: value }],
  ] as const)("is told by a comparison with 0 (%s), in every register and slot that holds it", (op, expected) => {
    const another = { ...found, id: 4 };
    const [next, target] = ways(found, { op, by: 0 }, [found, another]);
    for (const [way, result] of [
      [next, expected.next],
      [target, expected.target],
    ] as const) {
      expect(way?.dst).toEqual(result);
      expect(way?.state.frames[0]?.registers.slice(6, 8)).toEqual([result, another]);
      expect(way?.state.frames[0]?.stack).toEqual([result, another]);
    }
  });

  test.each<[string, Jump]>([
    ["another number", { op: "eq", by: 8 }],
    ["a number that is not known", { op: "eq", by: UNKNOWN }],
    ["a pointer", { op: "eq", by: value }],
    ["0, by what is greater", { op: "gt", by: 0 }],
  ])("is not told by %s", (_, jump) => {
    expect(ways(found, jump).map(({ dst }) => dst)).toEqual([found, found]);
  });

  test("of a map of maps is the map that was found, told apart where it has a timer", () => {
    const inner = (timerOffset: number): BpfMap => ({ fields: { timerOffset } }) as BpfMap;
    const uids = [0, 8, -22].map((timerOffset) => {
      const outer = { inner: inner(timerOffset) } as BpfMap;
      const [next] = ways({ ...found, map: outer }, { op: "eq", by: 0 });
      return next?.dst;
    });
    expect(uids).toEqual([
      { type: "map_ptr", map: inner(0), uid: 3 },
      { type: "map_ptr", map: inner(8), uid: 3 },
      { type: "map_ptr", map: inner(-22), uid: 0 },
    ]);
  });
});

describe("a pointer that is none from a lookup", () => {
  test.each([value, key])("is not 0 (%#)", (pointer) => {
    expect(slots(pointer, { op: "eq", by: 0 })).toEqual([NEXT]);
    expect(slots(pointer, { op: "ne", by: 0 })).toEqual([TARGET]);
    expect(slots(pointer, { op: "gt", by: 0 })).toEqual([NEXT, TARGET]);
    expect(slots(pointer, { op: "eq", by: 8 })).toEqual([NEXT, TARGET]);
    expect(slots(pointer, { op: "eq", by: value })).toEqual([NEXT, TARGET]);
  });

  test("to the stack goes either way", () => {
    expect(slots({ type: "fp", frame: 0, offset: -8 }, { op: "eq", by: 0 })).toEqual([NEXT, TARGET]);
  });
});

test("registers that hold nothing are not compared", () => {
  expect(() => ways(UNINITIALIZED, { op: "eq", by: 0 })).toThrow("R1 !read_ok");
  expect(() => ways(constant(3n), { op: "eq", by: UNINITIALIZED })).toThrow("R2 !read_ok");
});
