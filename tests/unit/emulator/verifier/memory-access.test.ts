/** Which bytes a program may touch, a load or a store at a time. */
import { describe, expect, test } from "vitest";
import { BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG } from "../../../../bpf/uapi.ts";
import type { BpfMap } from "../../../../harness/emulator/maps/bpf-map.ts";
import { NO_SPECIAL_FIELDS, type SpecialFields } from "../../../../harness/emulator/special-fields.ts";
import type { Environment } from "../../../../harness/emulator/verifier/environment.ts";
import {
  checkHelperMemory,
  checkLoad,
  checkStore,
  stackDepth,
} from "../../../../harness/emulator/verifier/memory-access.ts";
import {
  constant,
  type MapValuePointer,
  type RegisterState,
  UNKNOWN,
} from "../../../../harness/emulator/verifier/register-state.ts";
import { Rejection } from "../../../../harness/emulator/verifier/rejection.ts";
import { TIMER_RULES } from "../../../../harness/emulator/verifier/timer-rules.ts";
import { newFrame, type VerifierState } from "../../../../harness/emulator/verifier/verifier-state.ts";

const VALUE_BYTES = 48;
const KEY_BYTES = 8;
const STACK_BYTES = 512;
const CONTEXT_BYTES = 256;
const environment = { rules: TIMER_RULES } as Environment;

const mapWith = (fields: Partial<SpecialFields> = {}, flags = 0): BpfMap =>
  ({
    spec: { valueSize: VALUE_BYTES, keySize: KEY_BYTES, flags },
    fields: { ...NO_SPECIAL_FIELDS, ...fields },
  }) as BpfMap;

const valuePointer = (map: BpfMap, more: Partial<MapValuePointer> = {}): MapValuePointer => ({
  type: "map_value",
  map,
  uid: 0,
  orNull: false,
  id: 1,
  offset: 0,
  min: 0,
  max: 0,
  ...more,
});
const stack = (offset: number, frame = 0): RegisterState => ({ type: "fp", frame, offset });
const newState = (): VerifierState => ({
  slot: 0,
  frames: [newFrame(0, 0, -1, false), newFrame(1, 1, 5, false)],
  lock: undefined,
  irqFlags: [],
});

/** Why something is refused; undefined where it is not. */
function refusalOf(act: () => unknown): string | undefined {
  try {
    act();
    return undefined;
  } catch (error) {
    if (error instanceof Rejection) return error.message;
    throw error;
  }
}

const load = (pointer: RegisterState, offset: number, bytes: number, state = newState()): string | undefined =>
  refusalOf(() => checkLoad(environment, state, 1, pointer, offset, bytes));
const store = (pointer: RegisterState, offset: number, bytes: number, state = newState()): string | undefined =>
  refusalOf(() => checkStore(environment, state, 1, pointer, offset, bytes, constant(7n)));
const help = (pointer: RegisterState, bytes: number): string | undefined =>
  refusalOf(() => checkHelperMemory(environment, 1, pointer, bytes));

describe("a map's value", () => {
  test("is touched from its first byte to its last", () => {
    const value = valuePointer(mapWith());
    for (const access of [load, store]) {
      expect(access(value, 0, 8)).toBeUndefined();
      expect(access(value, VALUE_BYTES - 8, 8)).toBeUndefined();
      expect(access(value, VALUE_BYTES - 7, 8)).toContain("invalid access to map value");
      expect(access(value, -1, 8)).toContain("outside of the allowed memory range");
      expect(access({ ...value, offset: 40 }, 8, 1)).toContain("invalid access to map value");
    }
    expect(help(value, VALUE_BYTES)).toBeUndefined();
    expect(help(value, VALUE_BYTES + 1)).toContain("invalid access to map value");
  });

  test("is touched with an offset that is not known, as far as it may reach", () => {
    const value = valuePointer(mapWith(), { min: 4, max: 12 });
    expect(load(value, -4, 8)).toBeUndefined();
    expect(load(value, -5, 8)).toContain("outside of the allowed memory range");
    expect(load(value, VALUE_BYTES - 12 - 8, 8)).toBeUndefined();
    expect(load(value, VALUE_BYTES - 12 - 7, 8)).toContain("invalid access to map value");
    expect(load({ ...value, max: Number.POSITIVE_INFINITY }, 0, 8)).toContain("unbounded memory access");
  });

  test.each([
    ["bpf_spin_lock", "spinLockOffset", 4],
    ["bpf_timer", "timerOffset", 16],
    ["bpf_wq", "workQueueOffset", 16],
  ] as const)("is not touched where its %s lies", (name, field, bytes) => {
    for (const at of [0, 16]) {
      const value = valuePointer(mapWith({ [field]: at }));
      const refused = `${name} cannot be accessed directly by load/store`;
      for (const access of [load, store]) {
        if (at > 0) expect(access(value, at - 4, 4)).toBeUndefined();
        if (at > 0) expect(access(value, at - 4, 8)).toBe(refused);
        expect(access(value, at, 1)).toBe(refused);
        expect(access(value, at + bytes - 1, 1)).toBe(refused);
        expect(access(value, at + bytes, 4)).toBeUndefined();
      }
      expect(help(value, at + 1)).toBe(refused);
      expect(load(valuePointer(value.map, { min: 0, max: at + bytes }), at + bytes, 4)).toBe(
        2 * (at + bytes) + 4 > VALUE_BYTES
          ? `invalid access to map value, value_size=48 off=${at + bytes} size=4`
          : undefined,
      );
    }
    const value = valuePointer(mapWith({ [field]: 16 }), { min: 0, max: 13 });
    expect(load(value, 0, 4)).toContain(name);
    expect(load({ ...value, max: 12 }, 0, 4)).toBeUndefined();
  });

  test("is read and written as the map's flags say", () => {
    const [readOnly, writeOnly] = [BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG].map((flags) =>
      valuePointer(mapWith({}, flags)),
    );
    if (readOnly === undefined || writeOnly === undefined) throw new Error("two flags, two pointers");
    expect([load(readOnly, 0, 8), store(readOnly, 0, 8)]).toEqual([undefined, "write into map forbidden"]);
    expect([load(writeOnly, 0, 8), store(writeOnly, 0, 8)]).toEqual(["read from map forbidden", undefined]);
    expect([help(readOnly, 8), help(writeOnly, 8)]).toEqual([undefined, "read from map forbidden"]);
  });

  test("is not touched while it may be NULL", () => {
    const value = valuePointer(mapWith(), { orNull: true });
    for (const refused of [load(value, 0, 8), store(value, 0, 8), help(value, 8)])
      expect(refused).toContain("map_value_or_null");
  });
});

test("a key is read and not written", () => {
  const key: RegisterState = { type: "map_key", map: mapWith(), offset: 2 };
  expect(load(key, -2, KEY_BYTES)).toBeUndefined();
  expect(load(key, -1, KEY_BYTES)).toContain("invalid access to map key");
  expect(load(key, -3, 1)).toContain("invalid access to map key");
  expect(help(key, KEY_BYTES - 2)).toBeUndefined();
  expect(help(key, KEY_BYTES - 1)).toContain("invalid access to map key");
  expect(store(key, 0, 1)).toBe("write to change key R1 not allowed");
});

test("the context is read and not written", () => {
  const context: RegisterState = { type: "ctx", offset: 8 };
  expect(load(context, -8, 8)).toBeUndefined();
  expect(load(context, -9, 8)).toContain("invalid bpf_context access");
  expect(load(context, CONTEXT_BYTES - 16, 8)).toBeUndefined();
  expect(load(context, CONTEXT_BYTES - 15, 8)).toContain("invalid bpf_context access");
  expect(store(context, 0, 8)).toContain("invalid bpf_context access");
  expect(help(context, 8)).toContain("type=ctx");
});

test("a number is no pointer", () => {
  expect(load(UNKNOWN, 0, 8)).toBe("R1 invalid mem access 'scalar'");
  expect(store(UNKNOWN, 0, 8)).toBe("R1 invalid mem access 'scalar'");
  expect(help(UNKNOWN, 8)).toContain("type=scalar");
});

describe("the stack", () => {
  test("is touched below its frame pointer, as deep as it is, at multiples of what is touched", () => {
    for (const [access, words] of [
      [load, "invalid read from"],
      [store, "invalid write to"],
    ] as const) {
      expect(access(stack(0), -8, 8)).toBeUndefined();
      expect(access(stack(-8), -4, 4)).toBeUndefined();
      expect(access(stack(0), -STACK_BYTES, 8)).toBeUndefined();
      expect(access(stack(0), -STACK_BYTES - 8, 8)).toContain(words);
      expect(access(stack(0), 0, 8)).toContain(words);
      expect(access(stack(8), -8, 1)).toContain(words);
      expect(access(stack(0), -12, 8)).toContain("misaligned stack access");
    }
    expect(help(stack(-8), 8)).toBeUndefined();
    expect(help(stack(-8), 9)).toContain("invalid read from");
    expect(help(stack(-STACK_BYTES - 1), 1)).toContain("invalid read from");
  });

  const read = (state: VerifierState, offset: number, bytes = 8, frame = 0): RegisterState =>
    checkLoad(environment, state, 1, stack(0, frame), offset, bytes);
  const write = (state: VerifierState, offset: number, bytes: number, held: RegisterState, frame = 0): void =>
    checkStore(environment, state, 1, stack(0, frame), offset, bytes, held);

  test("gives back what was written to a whole slot, in the frame that it was written in", () => {
    const state = newState();
    write(state, -16, 8, stack(-8));
    expect(read(state, -16)).toEqual(stack(-8));
    expect(read(state, -8)).toEqual(UNKNOWN);
    expect(read(state, -24)).toEqual(UNKNOWN);
    expect(read(state, -16, 4)).toEqual(UNKNOWN);
    expect(read(state, -16, 8, 1)).toEqual(UNKNOWN);
    write(state, -16, 8, constant(3n), 1);
    expect(read(state, -16)).toEqual(stack(-8));
    expect(read(state, -16, 8, 1)).toEqual(constant(3n));
  });

  test.each([-16, -12, -9])("forgets a slot of which a part is written, at %i", (offset) => {
    const state = newState();
    for (const slot of [-8, -16, -24]) write(state, slot, 8, constant(BigInt(-slot)));
    write(state, offset, offset === -9 ? 1 : 4, constant(0n));
    expect(read(state, -16)).toEqual(UNKNOWN);
    expect(read(state, -8)).toEqual(constant(8n));
    expect(read(state, -24)).toEqual(constant(24n));
  });

  test("a part of a slot that holds nothing leaves the stack as it is", () => {
    const state = newState();
    write(state, -20, 4, constant(0n));
    expect(state.frames[0]?.stack).toEqual([]);
  });

  test("is as deep as the slot that is touched", () => {
    expect([-1, -8, -9, -16, 0].map(stackDepth)).toEqual([8, 8, 16, 16, -0]);
  });
});
