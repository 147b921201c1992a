/** What was found safe for one state, and for which others it is then safe too. */
import { describe, expect, test } from "vitest";
import type { BpfMap } from "../../../../harness/emulator/maps/bpf-map.ts";
import {
  constant,
  immediate,
  type MapValuePointer,
  type RegisterState,
  ranged,
  subsumes,
  typeName,
  UNINITIALIZED,
  UNKNOWN,
} from "../../../../harness/emulator/verifier/register-state.ts";

const [map, other] = [{}, {}] as [BpfMap, BpfMap];
const value: MapValuePointer = { type: "map_value", map, uid: 0, orNull: false, id: 1, offset: 8, min: 0, max: 4 };
const safe = (old: RegisterState, current: RegisterState, precise = true): boolean =>
  subsumes(old, current, precise, new Map());

/** Pointers, each of a type of its own, and how each can differ from itself. */
const POINTERS: readonly (readonly [RegisterState, readonly object[]])[] = [
  [{ type: "ctx", offset: 0 }, [{ offset: 8 }]],
  [{ type: "fp", frame: 0, offset: -8 }, [{ frame: 1 }, { offset: -16 }]],
  [{ type: "map_ptr", map, uid: 0 }, [{ map: other }, { uid: 1 }]],
  [value, [{ map: other }, { uid: 1 }, { orNull: true }, { offset: 0 }]],
  [{ type: "map_key", map, offset: 0 }, [{ map: other }, { offset: 4 }]],
  [{ type: "func", entry: 5 }, [{ entry: 6 }]],
];
const wrongs = POINTERS.flatMap(([pointer, differences]) =>
  differences.map((different): [string, RegisterState, RegisterState] => [
    `${pointer.type} with another ${Object.keys(different)}`,
    pointer,
    { ...pointer, ...different },
  ]),
);

describe("what is safe for one state is safe", () => {
  test.each(POINTERS)("for the same pointer (%#)", (pointer) => {
    expect(safe(pointer, { ...pointer })).toBe(true);
  });

  test.each(wrongs)("not for a %s", (_, old, current) => {
    expect(safe(old, current)).toBe(false);
  });

  test("not for a pointer of another type, and a number is none", () => {
    const states = [...POINTERS.map(([pointer]) => pointer), constant(8n), UNINITIALIZED];
    for (const old of states)
      for (const current of states)
        expect(safe(old, { ...current })).toBe(old.type === current.type || old.type === "uninitialized");
  });

  test("for anything, where nothing was written", () => {
    expect(safe(UNINITIALIZED, value)).toBe(true);
    expect(safe(value, UNINITIALIZED)).toBe(false);
  });

  test("for numbers between the same bounds, or any where the number does not matter", () => {
    expect(safe(ranged(2, 9), ranged(2, 9))).toBe(true);
    expect(safe(ranged(2, 9), ranged(3, 8))).toBe(true);
    expect(safe(ranged(2, 9), ranged(1, 8))).toBe(false);
    expect(safe(ranged(2, 9), ranged(3, 10))).toBe(false);
    expect(safe(UNKNOWN, constant(5n))).toBe(true);
    expect(safe(constant(5n), constant(5n))).toBe(true);
    expect(safe(constant(5n), constant(6n))).toBe(false);
    expect(safe(constant(5n), ranged(5, 6))).toBe(false);
    expect(safe(constant(5n), ranged(7, 9), false)).toBe(true);
  });

  test("for values that reach no further", () => {
    expect(safe(value, { ...value, min: 1, max: 3 })).toBe(true);
    expect(safe({ ...value, min: 1 }, { ...value, min: 0 })).toBe(false);
    expect(safe(value, { ...value, max: 5 })).toBe(false);
  });

  test("where the same pointers were the same before", () => {
    const ids = new Map<number, number>();
    expect(subsumes(value, { ...value, id: 7 }, true, ids)).toBe(true);
    expect(subsumes(value, { ...value, id: 7 }, true, ids)).toBe(true);
    expect(subsumes(value, { ...value, id: 8 }, true, ids)).toBe(false);
  });
});

test("constants and bounds", () => {
  expect(constant(-1n)).toMatchObject({ known: 0xffff_ffff_ffff_ffffn, min: 2 ** 64, max: 2 ** 64 });
  expect(immediate(255)).toEqual(constant(255n));
  expect(immediate(256)).toEqual(constant(256n));
  expect(immediate(-1)).toEqual(constant(-1n));
  expect(ranged(3, 3)).toEqual(constant(3n));
  expect(ranged(3, 4)).toMatchObject({ known: undefined, min: 3, max: 4 });
});

test("the names of types, as the kernel's log has them", () => {
  expect(typeName(UNINITIALIZED)).toBe("?");
  expect(typeName(value)).toBe("map_value");
  expect(typeName({ ...value, orNull: true })).toBe("map_value_or_null");
  expect(typeName(UNKNOWN)).toBe("scalar");
});
