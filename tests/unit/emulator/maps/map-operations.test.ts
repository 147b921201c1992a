/** Lookups, updates, deletions and what they free, map by map: what they return, and in which order they look. */
import { describe, expect, test } from "vitest";
import { ERRNO } from "../../../../bpf/errno.ts";
import { BPF_EXIST, BPF_F_LOCK, BPF_F_NO_PREALLOC, BPF_MAP_TYPE, BPF_NOEXIST } from "../../../../bpf/uapi.ts";
import { NULL } from "../../../../harness/emulator/address.ts";
import { ArrayMap } from "../../../../harness/emulator/maps/array-map.ts";
import { HashMap } from "../../../../harness/emulator/maps/hash-map.ts";
import { bytesAt, create, created, fieldsAt, machine, specOf } from "./map-machine.ts";

const { ARRAY, ARRAY_OF_MAPS, HASH, HASH_OF_MAPS, LRU_HASH } = BPF_MAP_TYPE;
const eight = (byte = 0): Uint8Array => new Uint8Array(8).fill(byte);
const TIMER = fieldsAt({ timerOffset: 8 });
const LOCK = fieldsAt({ spinLockOffset: 0 });
const TOO_LARGE = 1 << 27;

function arrayOf(entries: number, fields = TIMER) {
  const made = machine();
  const map = ArrayMap.create(made.host, specOf({ type: ARRAY, valueSize: 24, maxEntries: entries }), fields);
  if (typeof map === "number") throw new Error("no memory");
  return { ...made, map };
}

function hashOf(entries: number, { flags = 0, fields = TIMER, keySize = 4 } = {}) {
  const made = machine();
  return {
    ...made,
    map: new HashMap(made.host, specOf({ valueSize: 24, maxEntries: entries, flags, keySize }), fields),
  };
}

const value = (byte = 0): Uint8Array => new Uint8Array(24).fill(byte);

describe("an array", () => {
  test("has the elements below its size, and no others", () => {
    const { map } = arrayOf(2);
    expect([0, 1].map((key) => map.lookup(key, true) !== NULL)).toEqual([true, true]);
    expect(map.lookup(2, true)).toBe(NULL);
    expect(map.lookup("ab", true)).toBe(NULL);
    expect(map.lookup(1, true) - map.lookup(0, true)).toBe(24);
  });

  test("refuses updates, what is wrong with flags first", () => {
    const { map, host } = arrayOf(2);
    expect(map.update(9, value(), 3)).toBe(-ERRNO.EINVAL);
    expect(map.update(9, value(), BPF_F_LOCK | 3)).toBe(-ERRNO.EINVAL);
    expect(map.update(2, value(), BPF_NOEXIST)).toBe(-ERRNO.E2BIG);
    expect(map.update(1, value(), BPF_NOEXIST)).toBe(-ERRNO.EEXIST);
    expect(map.update(1, value(), BPF_F_LOCK)).toBe(-ERRNO.EINVAL);
    expect(map.update(1, created(host), 0)).toBe(-ERRNO.EINVAL);
    expect(map.update(1, value(), BPF_EXIST)).toBe(0);
    expect(arrayOf(2, LOCK).map.update(1, value(), BPF_F_LOCK)).toBe(0);
    expect(map.delete()).toBe(-ERRNO.EINVAL);
  });

  test("frees the timer of an element that is updated, and at its end those of all", () => {
    const { map, freed } = arrayOf(3);
    const timers = [0, 1, 2].map((key) => map.lookup(key, true) + 8);
    map.update(1, value(), 0);
    expect(freed).toEqual([timers[1]]);
    map.freeTimers();
    expect(freed.slice(1)).toEqual(timers);
    map.free();
    expect(freed.slice(4)).toEqual(timers);
    const plain = arrayOf(3, LOCK);
    plain.map.update(1, value(), 0);
    plain.map.freeTimers();
    expect(plain.freed).toEqual([]);
  });

  test("tells a callback the index of its element", () => {
    const { map, host } = arrayOf(3);
    for (const index of [2, 0])
      expect([...bytesAt(host, map.keyAddress(map.lookup(index, true)), 4)]).toEqual([index, 0, 0, 0]);
  });

  test("gives direct access to its only element", () => {
    const { map } = arrayOf(1);
    expect(map.directValue(0)).toBe(map.lookup(0, true));
    expect(map.directValue(23)).toBe(map.lookup(0, true) + 23);
    expect(map.directValue(24)).toBe(-ERRNO.EINVAL);
    expect(map.directValue(-1)).toBe(-ERRNO.EINVAL);
    expect(arrayOf(2).map.directValue(0)).toBe(-ERRNO.ENOTSUPP);
  });

  test("needs memory", () => {
    expect(create(machine().host, { type: ARRAY, valueSize: 8, maxEntries: TOO_LARGE })).toBe(-ERRNO.ENOMEM);
  });
});

describe("a hash map", () => {
  test("refuses updates, what is wrong with flags first", () => {
    const { map, host } = hashOf(1);
    expect(map.update(9, value(), 3)).toBe(-ERRNO.EINVAL);
    expect(map.update(9, created(host), 0)).toBe(-ERRNO.EINVAL);
    expect(map.update(9, value(), BPF_F_LOCK | BPF_EXIST)).toBe(-ERRNO.EINVAL);
    expect(map.update(9, value(), BPF_EXIST)).toBe(-ERRNO.ENOENT);
    expect(map.update(9, value(), BPF_NOEXIST)).toBe(0);
    expect(map.update(9, value(), BPF_NOEXIST)).toBe(-ERRNO.EEXIST);
    expect(map.update(9, value(), BPF_EXIST)).toBe(0);
    expect(map.update(8, value(), 0)).toBe(-ERRNO.E2BIG);
    expect(map.directValue()).toBe(-ERRNO.EINVAL);
  });

  test("updates a locked value in place and frees nothing, and checks the flags beside the lock", () => {
    const { map, freed } = hashOf(2, { fields: fieldsAt({ spinLockOffset: 0, timerOffset: 8 }) });
    expect(map.update(1, value(1), BPF_F_LOCK | BPF_EXIST)).toBe(-ERRNO.ENOENT);
    expect(map.update(1, value(1), BPF_F_LOCK)).toBe(0);
    const before = map.lookup(1, true);
    expect(map.update(1, value(2), BPF_F_LOCK)).toBe(0);
    expect(map.lookup(1, true)).toBe(before);
    expect(freed).toEqual([]);
    expect(map.update(1, value(2), BPF_F_LOCK | BPF_NOEXIST)).toBe(-ERRNO.EEXIST);
  });

  test("replaces an element by another, whose memory is that of the one replaced before", () => {
    const { map, freed } = hashOf(2);
    map.update(1, value(), 0);
    const first = map.lookup(1, true);
    map.update(1, value(), 0);
    const second = map.lookup(1, true);
    expect(second).not.toBe(first);
    expect(freed).toEqual([first + 8]);
    map.update(1, value(), 0);
    expect(map.lookup(1, true)).toBe(first);
  });

  test.each([0, BPF_F_NO_PREALLOC])("uses the memory of a deleted element next (flags %i)", (flags) => {
    const { map, freed } = hashOf(2, { flags });
    map.update(1, value(), 0);
    const first = map.lookup(1, true);
    expect(map.delete(1)).toBe(0);
    expect(map.delete(1)).toBe(-ERRNO.ENOENT);
    expect(map.lookup(1, true)).toBe(NULL);
    expect(freed).toEqual([first + 8]);
    map.update(5, value(), 0);
    expect(map.lookup(5, true)).toBe(first);
  });

  test("without preallocation a replaced element's memory is free", () => {
    const { map } = hashOf(2, { flags: BPF_F_NO_PREALLOC });
    map.update(1, value(), 0);
    const first = map.lookup(1, true);
    map.update(1, value(), 0);
    map.update(2, value(), 0);
    expect(map.lookup(2, true)).toBe(first);
  });

  test.each([
    [0, 2],
    [BPF_F_NO_PREALLOC, 1],
  ])("frees the timers of all elements that there are, preallocated ones always (flags %i)", (flags, count) => {
    const { map, freed } = hashOf(3, { flags });
    map.update(1, value(), 0);
    map.update(2, value(), 0);
    map.delete(1);
    freed.length = 0;
    map.freeTimers();
    expect(freed).toHaveLength(count);
    map.free();
    expect(freed).toHaveLength(2 * count);
    expect(map.lookup(2, true)).toBe(NULL);
  });

  test("without a timer in its value frees none", () => {
    const { map, freed } = hashOf(3, { fields: LOCK });
    map.update(1, value(), 0);
    map.delete(1);
    map.freeTimers();
    expect(freed).toEqual([]);
  });

  test("keeps keys of any size before the value", () => {
    const { map, host } = hashOf(3, { keySize: 6 });
    map.update("abcdef", value(), 0);
    const address = map.lookup("abcdef", true);
    expect(Buffer.from(bytesAt(host, map.keyAddress(address), 6)).toString("latin1")).toBe("abcdef");
    expect(address - map.keyAddress(address)).toBe(8);
    const numbered = hashOf(3);
    numbered.map.update(0xffff_fffe, value(), 0);
    const at = numbered.map.lookup(0xffff_fffe, true);
    expect([...bytesAt(numbered.host, numbered.map.keyAddress(at), 4)]).toEqual([0xfe, 0xff, 0xff, 0xff]);
  });

  test("needs memory for each element", () => {
    const { host } = machine();
    const map = created(host, { valueSize: (1 << 22) - 8, maxEntries: 100 });
    const results = Array.from({ length: 65 }, (_, key) => map.update(key, eight(), 0));
    expect(results.indexOf(-ERRNO.ENOMEM)).toBeGreaterThan(0);
  });
});

describe("an LRU map", () => {
  test("refuses updates, and evicts none for it", () => {
    const { host } = machine();
    const map = created(host, { type: LRU_HASH, maxEntries: 4 });
    expect(map.update(1, eight(), 3)).toBe(-ERRNO.EINVAL);
    expect(map.update(1, eight(), BPF_F_LOCK)).toBe(-ERRNO.EINVAL);
    expect(map.update(1, created(host), 0)).toBe(-ERRNO.EINVAL);
    expect(map.update(1, eight(), BPF_EXIST)).toBe(-ERRNO.ENOENT);
    expect(map.update(1, eight(), BPF_NOEXIST)).toBe(0);
    expect(map.update(1, eight(), BPF_NOEXIST)).toBe(-ERRNO.EEXIST);
    expect(map.update(1, eight(), BPF_EXIST)).toBe(0);
    expect(map.delete(1)).toBe(0);
    expect(map.delete(1)).toBe(-ERRNO.ENOENT);
    expect(map.lookup(1, true)).toBe(NULL);
  });

  test("needs memory for all of its elements at once", () => {
    expect(create(machine().host, { type: LRU_HASH, valueSize: 1 << 20, maxEntries: 300 })).toBe(-ERRNO.ENOMEM);
  });
});

describe.each([
  ["an array of maps", ARRAY_OF_MAPS, 0],
  ["a hash of maps", HASH_OF_MAPS, BPF_EXIST],
] as const)("%s", (_, type, lastFlag) => {
  const isArray = type === ARRAY_OF_MAPS;
  function nested() {
    const made = machine();
    const inner = created(made.host);
    return { ...made, inner, outer: created(made.host, { type, valueSize: 4 }, inner) };
  }

  test("holds the maps that are put into it, and puts those that it loses", () => {
    const { host, inner, outer, put } = nested();
    const other = created(host);
    expect(outer.lookup(1, true)).toBe(NULL);
    expect(outer.update(1, inner, 0)).toBe(0);
    expect(inner.references).toBe(2);
    expect(outer.lookup(1, true)).not.toBe(NULL);
    expect(outer.update(1, other, lastFlag)).toBe(0);
    expect(put).toEqual([inner]);
    expect(outer.delete(1)).toBe(0);
    expect(outer.delete(1)).toBe(-ERRNO.ENOENT);
    expect(put).toEqual([inner, other]);
    outer.update(0, inner, 0);
    outer.freeTimers();
    outer.free();
    expect(put).toEqual([inner, other, inner]);
    expect(outer.lookup(0, true)).toBe(NULL);
  });

  test("takes maps alone, of the shape of its inner map", () => {
    const { host, outer } = nested();
    expect(outer.update(0, eight(), 0)).toBe(-ERRNO.EINVAL);
    for (const more of [{ type: LRU_HASH }, { keySize: 8 }, { valueSize: 16 }, { flags: BPF_F_NO_PREALLOC }])
      expect(outer.update(0, created(host, more), 0), JSON.stringify(more)).toBe(-ERRNO.EINVAL);
    for (const fields of [{ timerOffset: 0 }, { spinLockOffset: 0 }, { workQueueOffset: 0 }])
      expect(outer.update(0, new HashMap(host, specOf(), fieldsAt(fields)), 0)).toBe(-ERRNO.EINVAL);
    expect(outer.update(0, new HashMap(host, specOf(), fieldsAt({ timerOffset: -ERRNO.E2BIG })), 0)).toBe(0);
    expect(outer.update(0, created(host, { maxEntries: 9 }), 0)).toBe(0);
  });

  test("gives nothing but maps", () => {
    const { outer } = nested();
    expect(outer.keyAddress(0)).toBe(NULL);
    expect(outer.directValue(0)).toBe(-ERRNO.EINVAL);
  });

  test("knows its size and flags", () => {
    const { inner, outer } = nested();
    expect(outer.update(0, inner, 3)).toBe(-ERRNO.EINVAL);
    expect(outer.update(0, inner, BPF_EXIST)).toBe(isArray ? -ERRNO.EINVAL : -ERRNO.ENOENT);
    expect(outer.update(0, inner, BPF_NOEXIST)).toBe(isArray ? -ERRNO.EINVAL : 0);
    expect(outer.update(0, inner, BPF_NOEXIST)).toBe(isArray ? -ERRNO.EINVAL : -ERRNO.EEXIST);
    expect([0, 1].map((key) => outer.update(key, inner, 0))).toEqual([0, 0]);
    expect(outer.update(2, inner, 0)).toBe(-ERRNO.E2BIG);
    expect(outer.delete(2)).toBe(isArray ? -ERRNO.E2BIG : -ERRNO.ENOENT);
    if (isArray) expect(outer.update("ab", inner, 0)).toBe(-ERRNO.E2BIG);
    if (isArray) expect(outer.delete("ab")).toBe(-ERRNO.E2BIG);
  });

  test("of arrays takes those of the same size", () => {
    const { host } = machine();
    const inner = created(host, { type: ARRAY });
    const outer = created(host, { type, valueSize: 4 }, inner);
    expect(outer.update(0, created(host, { type: ARRAY }), 0)).toBe(0);
    expect(outer.update(0, created(host, { type: ARRAY, maxEntries: 3 }), 0)).toBe(-ERRNO.EINVAL);
    expect(outer.update(0, created(host, { type: HASH, maxEntries: 2 }), 0)).toBe(-ERRNO.EINVAL);
  });
});
