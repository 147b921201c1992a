/** When a path need not be followed again: what was found safe from one state on is safe from another on. */
import { describe, expect, test } from "vitest";
import type { BpfMap } from "../../../../harness/emulator/maps/bpf-map.ts";
import type { Liveness } from "../../../../harness/emulator/verifier/liveness.ts";
import {
  constant,
  type MapValuePointer,
  type RegisterState,
  UNKNOWN,
} from "../../../../harness/emulator/verifier/register-state.ts";
import {
  copyState,
  type Frame,
  newFrame,
  stateSubsumes,
  type VerifierState,
} from "../../../../harness/emulator/verifier/verifier-state.ts";

const [map, other] = [{}, {}] as [BpfMap, BpfMap];
const value = (id: number): MapValuePointer => ({
  type: "map_value",
  map,
  uid: 0,
  orNull: false,
  id,
  offset: 0,
  min: 0,
  max: 0,
});
const SLOT = 4;
const CALL_SITE = 2;
const all = (mask: number): Int32Array => new Int32Array(8).fill(mask);
const EVERY: Liveness = { live: all(-1), precise: all(-1) };
const NONE: Liveness = { live: all(0), precise: all(0) };

interface Made {
  readonly frame?: Partial<Frame>;
  readonly state?: Partial<VerifierState>;
  /** By register of the top frame, and of the frame that called it. */
  readonly registers?: readonly (readonly [number, RegisterState])[];
  readonly callers?: readonly (readonly [number, RegisterState])[];
  readonly stack?: (RegisterState | undefined)[];
}

/** A state in a function that was called from slot 2. */
function made({ frame = {}, state = {}, registers = [], callers = [], stack = [] }: Made = {}): VerifierState {
  const outer = newFrame(0, 0, -1, false);
  const top = { ...newFrame(1, 1, CALL_SITE, false), stack, ...frame };
  for (const [register, held] of registers) top.registers[register] = held;
  for (const [register, held] of callers) outer.registers[register] = held;
  return { slot: SLOT, frames: [outer, top], lock: undefined, irqFlags: [], ...state };
}

const isSafe = (old: Made, current: Made, liveness: Liveness = EVERY): boolean =>
  stateSubsumes(made(old), made(current), liveness);

describe("a state is safe where another was", () => {
  test("that is the same", () => {
    expect(isSafe({}, {})).toBe(true);
    expect(isSafe({ registers: [[3, constant(1n)]] }, { registers: [[3, constant(1n)]] })).toBe(true);
  });

  test.each<[string, Made, Made]>([
    ["of as many frames", {}, { state: { frames: [newFrame(0, 0, -1, false)] } }],
    ["called from there", {}, { frame: { callSite: 3 } }],
    ["that is a callback too", {}, { frame: { isAsyncCallback: true } }],
    ["that holds a lock too", {}, { state: { lock: { map, id: 1 } } }],
    [
      "that holds the lock of the same map",
      { state: { lock: { map: other, id: 1 } } },
      { state: { lock: { map, id: 1 } } },
    ],
    ["with interrupts off as often", {}, { state: { irqFlags: ["1/-8"] } }],
    ["with interrupts off by the same flag", { state: { irqFlags: ["1/-8"] } }, { state: { irqFlags: ["1/-16"] } }],
    ["with the same number", { registers: [[3, constant(1n)]] }, { registers: [[3, constant(2n)]] }],
    ["with the same number in its caller", { callers: [[6, constant(1n)]] }, { callers: [[6, constant(2n)]] }],
    ["with the same number on its stack", { stack: [constant(1n)] }, { stack: [constant(2n)] }],
    ["with anything on its stack", { stack: [undefined, constant(1n)] }, { stack: [constant(1n)] }],
  ])("%s, and not otherwise", (_, old, current) => {
    expect(isSafe(old, current)).toBe(false);
    expect(isSafe(old, old)).toBe(true);
  });

  test("whatever is in registers that nobody reads", () => {
    const [one, two] = [{ registers: [[3, value(1)]] }, { registers: [[3, constant(2n)]] }] as [Made, Made];
    expect(isSafe(one, two, NONE)).toBe(true);
    expect(isSafe(one, two, { live: all(0b110111), precise: all(-1) })).toBe(true);
    expect(isSafe(one, two, { live: all(0b001000), precise: all(-1) })).toBe(false);
  });

  test("whatever number is in a register that is not read exactly", () => {
    const [one, two] = [{ registers: [[3, constant(1n)]] }, { registers: [[3, constant(2n)]] }] as [Made, Made];
    expect(isSafe(one, two, { live: all(-1), precise: all(0) })).toBe(true);
    expect(isSafe(one, two, { live: all(-1), precise: all(0b1000) })).toBe(false);
  });

  test("where the caller still has the register, and reads it behind the call", () => {
    const differ = (register: number): [Made, Made] => [
      { callers: [[register, constant(1n)]] },
      { callers: [[register, constant(2n)]] },
    ];
    expect(isSafe(...differ(5))).toBe(true);
    for (const register of [6, 9]) expect(isSafe(...differ(register))).toBe(false);
    const behind = (slot: number): Liveness => ({ live: all(0).fill(-1, slot, slot + 1), precise: all(-1) });
    expect(isSafe(...differ(6), behind(CALL_SITE + 1))).toBe(false);
    expect(isSafe(...differ(6), behind(SLOT))).toBe(true);
  });

  test("whatever lies where nothing was on the stack", () => {
    expect(isSafe({ stack: [undefined] }, { stack: [constant(1n)] })).toBe(true);
    expect(isSafe({ stack: [UNKNOWN] }, { stack: [undefined] })).toBe(true);
    expect(isSafe({ stack: [] }, { stack: [constant(1n)] })).toBe(true);
    expect(isSafe({ stack: [constant(1n)] }, { stack: [] })).toBe(false);
  });

  test("whose lock is that of the same pointer", () => {
    const holding = (id: number, locked: number): Made => ({
      registers: [[3, value(id)]],
      state: { lock: { map, id: locked } },
    });
    expect(isSafe(holding(1, 1), holding(7, 7))).toBe(true);
    expect(isSafe(holding(1, 1), holding(7, 8))).toBe(false);
    expect(isSafe(holding(1, 2), holding(7, 8))).toBe(true);
    const twice = (id: number): Made => ({ registers: [[3, value(id)]], callers: [[6, value(5)]] });
    expect(isSafe({ ...twice(5) }, { ...twice(6) })).toBe(false);
  });
});

test("a copy goes its own way", () => {
  const state = made({ stack: [constant(1n)], state: { irqFlags: ["1/-8"] } });
  const copy = copyState(state);
  expect(copy).toEqual(state);
  copy.frames[1]?.registers.fill(UNKNOWN);
  copy.frames[1]?.stack.push(UNKNOWN);
  copy.frames.pop();
  copy.irqFlags.push("1/-16");
  expect(state).toEqual(made({ stack: [constant(1n)], state: { irqFlags: ["1/-8"] } }));
});
