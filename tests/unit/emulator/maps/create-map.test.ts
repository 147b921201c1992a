/** BPF_MAP_CREATE, attribute by attribute: which are refused, with which errno, and which just fit. */
import { describe, expect, test } from "vitest";
import { ERRNO } from "../../../../bpf/errno.ts";
import {
  BPF_F_INNER_MAP,
  BPF_F_MMAPABLE,
  BPF_F_NO_COMMON_LRU,
  BPF_F_NO_PREALLOC,
  BPF_F_RDONLY,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY,
  BPF_F_WRONLY_PROG,
  BPF_F_ZERO_SEED,
  BPF_MAP_TYPE,
} from "../../../../bpf/uapi.ts";
import { HashMap } from "../../../../harness/emulator/maps/hash-map.ts";
import type { CompiledMap } from "../../../../scenario/compiled-scenario.ts";
import { create, created, fieldsAt, machine, specOf } from "./map-machine.ts";

const { ARRAY, ARRAY_OF_MAPS, HASH, HASH_OF_MAPS, LRU_HASH, LRU_PERCPU_HASH, PERCPU_ARRAY, PERCPU_HASH } = BPF_MAP_TYPE;
const { EINVAL, E2BIG, ENOTSUPP, EBADF } = ERRNO;
const ARRAYS = [ARRAY, PERCPU_ARRAY];
const LRUS = [LRU_HASH, LRU_PERCPU_HASH];
const HASHES = [HASH, PERCPU_HASH, ...LRUS];
const PERCPU_BYTES_MAX = 1 << 15;
const KMALLOC_BYTES_MAX = 1 << 22;
const PRESERVE_ELEMS = 1 << 11;

/** 0 for a map, else the errno. */
function result(more: Partial<CompiledMap>): number {
  const map = create(machine().host, more);
  return typeof map === "number" ? -map : 0;
}

describe.each([...ARRAYS, ...HASHES])("a map of type %i", (type) => {
  test("has elements, keys and values", () => {
    for (const nothing of [{ maxEntries: 0 }, { keySize: 0 }, { valueSize: 0 }])
      expect(result({ type, ...nothing }), JSON.stringify(nothing)).toBe(EINVAL);
    expect(result({ type, maxEntries: 1, valueSize: 1 })).toBe(0);
  });

  test("cannot be closed to reading and writing by programs at once, and each alone can", () => {
    expect(result({ type, flags: BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG })).toBe(EINVAL);
    for (const flags of [BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, BPF_F_RDONLY, BPF_F_WRONLY])
      expect(result({ type, flags })).toBe(0);
  });

  test("has BTF of its value where it has that of its key", () => {
    expect(result({ type, btfKeyTypeId: 1 })).toBe(EINVAL);
  });

  test("knows its flags", () => {
    expect(result({ type, flags: 1 << 9 })).toBe(EINVAL);
    expect(result({ type, flags: 1 << 20 })).toBe(EINVAL);
  });
});

test("a map of no type that there is here is refused", () => {
  expect(result({ type: 0 })).toBe(EINVAL);
});

describe("an array", () => {
  test.each(ARRAYS)("has keys of 4 bytes, type %i", (type) => {
    expect(result({ type, keySize: 8 })).toBe(EINVAL);
  });

  test("may be mapped or be of any size as an inner map, where it is no per-CPU one", () => {
    for (const flags of [BPF_F_MMAPABLE, BPF_F_INNER_MAP]) {
      expect(result({ type: ARRAY, flags })).toBe(0);
      expect(result({ type: PERCPU_ARRAY, flags })).toBe(EINVAL);
    }
    for (const type of ARRAYS) {
      expect(result({ type, flags: PRESERVE_ELEMS })).toBe(EINVAL);
      expect(result({ type, flags: BPF_F_NO_PREALLOC })).toBe(EINVAL);
    }
  });

  test("has values of some size", () => {
    expect(result({ type: PERCPU_ARRAY, valueSize: PERCPU_BYTES_MAX })).toBe(0);
    expect(result({ type: PERCPU_ARRAY, valueSize: PERCPU_BYTES_MAX + 1 })).toBe(E2BIG);
    expect(result({ type: ARRAY, valueSize: PERCPU_BYTES_MAX + 1 })).toBe(0);
    expect(result({ type: ARRAY, valueSize: 0x8000_0000 })).toBe(E2BIG);
    expect(result({ type: ARRAY, valueSize: 0x7fff_ffff })).toBe(ERRNO.ENOMEM);
  });
});

describe("a hash", () => {
  test("has lists of processors where it is an LRU one, which is always preallocated", () => {
    for (const type of LRUS) {
      expect(result({ type, flags: BPF_F_NO_COMMON_LRU })).toBe(0);
      expect(result({ type, flags: BPF_F_NO_PREALLOC })).toBe(ENOTSUPP);
    }
    for (const type of [HASH, PERCPU_HASH]) {
      expect(result({ type, flags: BPF_F_NO_COMMON_LRU })).toBe(EINVAL);
      expect(result({ type, flags: BPF_F_NO_PREALLOC })).toBe(0);
    }
  });

  test("may have a fixed seed, and is not mapped", () => {
    for (const type of HASHES) {
      expect(result({ type, flags: BPF_F_ZERO_SEED })).toBe(0);
      expect(result({ type, flags: BPF_F_MMAPABLE })).toBe(EINVAL);
    }
  });

  test("has keys and values of some size", () => {
    expect(result({ type: HASH, keySize: 8, valueSize: KMALLOC_BYTES_MAX - 8 })).toBe(E2BIG);
    expect(result({ type: HASH, keySize: 8, valueSize: KMALLOC_BYTES_MAX - 9 })).toBe(0);
    for (const type of [PERCPU_HASH, LRU_PERCPU_HASH]) {
      expect(result({ type, valueSize: PERCPU_BYTES_MAX })).toBe(0);
      expect(result({ type, valueSize: PERCPU_BYTES_MAX + 1 })).toBe(E2BIG);
    }
    expect(result({ type: LRU_HASH, valueSize: PERCPU_BYTES_MAX + 1 })).toBe(0);
  });
});

describe.each([ARRAY_OF_MAPS, HASH_OF_MAPS])("a map of maps of type %i", (type) => {
  test("is given a map to be like, which is no map of maps", () => {
    const { host } = machine();
    const inner = created(host);
    expect(create(host, { type, valueSize: 4 })).toBe(-EBADF);
    const outer = created(host, { type, valueSize: 4 }, inner);
    expect(create(host, { type, valueSize: 4 }, outer)).toBe(-EINVAL);
  });

  test("has values of 4 bytes, and what every map of its kind has", () => {
    const { host } = machine();
    const inner = created(host);
    expect(create(host, { type, valueSize: 8 }, inner)).toBe(-EINVAL);
    expect(create(host, { type, valueSize: 4, maxEntries: 0 }, inner)).toBe(-EINVAL);
    for (const flags of [BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG])
      expect(typeof create(host, { type, valueSize: 4, flags }, inner)).toBe(
        type === ARRAY_OF_MAPS ? "number" : "object",
      );
    expect(typeof create(host, { type, valueSize: 4, flags: BPF_F_RDONLY }, inner)).toBe("object");
    expect(typeof create(host, { type, valueSize: 4, flags: BPF_F_INNER_MAP }, inner)).toBe("number");
  });

  test.each([
    ["6.1", -ENOTSUPP],
    ["7.2", 0],
  ])("of maps with locks, as %s has it", (version, expected) => {
    const { host } = machine(version);
    const outer = create(host, { type, valueSize: 4 }, new HashMap(host, specOf(), fieldsAt({ spinLockOffset: 0 })));
    expect(typeof outer === "number" ? outer : 0).toBe(expected);
    expect(typeof create(host, { type, valueSize: 4 }, new HashMap(host, specOf(), fieldsAt({ timerOffset: 0 })))).toBe(
      "object",
    );
  });
});
