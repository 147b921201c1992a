/** What is written into values and read from them: special fields stay out of it, and each processor has its own. */
import { describe, expect, test } from "vitest";
import { BPF_MAP_TYPE } from "../../../../bpf/uapi.ts";
import { offsetOf, regionOf } from "../../../../harness/emulator/address.ts";
import { ArrayMap } from "../../../../harness/emulator/maps/array-map.ts";
import type { BpfMap } from "../../../../harness/emulator/maps/bpf-map.ts";
import { HashMap } from "../../../../harness/emulator/maps/hash-map.ts";
import type { SpecialFields } from "../../../../harness/emulator/special-fields.ts";
import { bytesAt, created, fieldsAt, machine, specOf } from "./map-machine.ts";

const VALUE_BYTES = 56;
const KEY = 1;

/** Which bytes are special: lock 4, timer 16, work queue 16. */
const LAYOUTS: readonly (readonly [string, Partial<SpecialFields>, readonly (readonly [number, number])[]])[] = [
  ["no special field", {}, []],
  ["a lock", { spinLockOffset: 0 }, [[0, 4]]],
  ["a timer", { timerOffset: 8 }, [[8, 24]]],
  ["a work queue", { workQueueOffset: 0 }, [[0, 16]]],
  [
    "a timer before a lock",
    { timerOffset: 0, spinLockOffset: 20 },
    [
      [0, 16],
      [20, 24],
    ],
  ],
  [
    "all three, the last first",
    { workQueueOffset: 0, timerOffset: 16, spinLockOffset: 40 },
    [
      [0, 16],
      [16, 32],
      [40, 44],
    ],
  ],
];

const isIn = (ranges: readonly (readonly [number, number])[], at: number): boolean =>
  ranges.some(([from, to]) => at >= from && at < to);
const bytesOf = (byte: (at: number) => number): number[] => Array.from({ length: VALUE_BYTES }, (_, at) => byte(at));

describe.each(LAYOUTS)("a value with %s", (_, offsets, ranges) => {
  const maps = (): [ReturnType<typeof machine>, BpfMap][] =>
    (["array", "hash"] as const).map((kind) => {
      const made = machine();
      const spec = specOf({
        kind,
        type: kind === "array" ? BPF_MAP_TYPE.ARRAY : BPF_MAP_TYPE.HASH,
        valueSize: VALUE_BYTES,
      });
      const map =
        kind === "array"
          ? ArrayMap.create(made.host, spec, fieldsAt(offsets))
          : new HashMap(made.host, spec, fieldsAt(offsets));
      if (typeof map === "number") throw new Error("no memory");
      return [made, map];
    });

  test("is written without it", () => {
    for (const [{ host }, map] of maps()) {
      expect(map.update(KEY, new Uint8Array(VALUE_BYTES).fill(0xff), 0)).toBe(0);
      expect([...bytesAt(host, map.lookup(KEY, true), VALUE_BYTES)]).toEqual(
        bytesOf((at) => (isIn(ranges, at) ? 0 : 0xff)),
      );
    }
  });

  test("is read by user space with zeros there", () => {
    for (const [{ host }, map] of maps()) {
      map.update(KEY, new Uint8Array(VALUE_BYTES), 0);
      const address = map.lookup(KEY, false);
      bytesAt(host, address, VALUE_BYTES).fill(0xee);
      expect([...map.readValue(regionOf(address), offsetOf(address))]).toEqual(
        bytesOf((at) => (isIn(ranges, at) ? 0 : 0xee)),
      );
      expect(bytesAt(host, address, VALUE_BYTES).every((byte) => byte === 0xee)).toBe(true);
    }
  });
});

describe.each([
  ["array", BPF_MAP_TYPE.PERCPU_ARRAY],
  ["hash", BPF_MAP_TYPE.PERCPU_HASH],
  ["LRU hash", BPF_MAP_TYPE.LRU_PERCPU_HASH],
] as const)("a per-CPU %s", (_, type) => {
  const both = (first: number, second: number): number[] => [...new Array(8).fill(first), ...new Array(8).fill(second)];

  test("takes and gives user space the values of all processors, and a program its own", () => {
    const { host } = machine();
    const map = created(host, { type, valueSize: 6 });
    const read = (): number[] => {
      const address = map.lookup(KEY, false);
      return [...map.readValue(regionOf(address), offsetOf(address))];
    };
    expect(map.update(KEY, Uint8Array.from(both(1, 2)), 0)).toBe(0);
    expect(read()).toEqual(both(1, 2));
    host.cpu = 1;
    expect(map.update(KEY, new Uint8Array(6).fill(3), 0)).toBe(0);
    expect(read()).toEqual([...new Array(8).fill(1), ...new Array(6).fill(3), 2, 2]);
    expect([...bytesAt(host, map.lookup(KEY, true), 2)]).toEqual([3, 3]);
    host.cpu = 0;
    expect([...bytesAt(host, map.lookup(KEY, true), 2)]).toEqual([1, 1]);
  });
});

test("a new element of a per-CPU hash is zero where its program did not write", () => {
  const { host } = machine();
  const map = created(host, { type: BPF_MAP_TYPE.PERCPU_HASH });
  map.update(KEY, new Uint8Array(16).fill(9), 0);
  map.delete(KEY);
  host.cpu = 1;
  map.update(KEY, new Uint8Array(8).fill(5), 0);
  const address = map.lookup(KEY, false);
  expect([...map.readValue(regionOf(address), offsetOf(address))]).toEqual([
    ...new Array(8).fill(0),
    ...new Array(8).fill(5),
  ]);
});
