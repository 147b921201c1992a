/** Types of values that no scenario has, and what BPF_MAP_CREATE makes of them. */
import { describe, expect, test } from "vitest";
import { BtfWriter, readBtf } from "../../../bpf/btf.ts";
import { ERRNO } from "../../../bpf/errno.ts";
import { BPF_F_RDONLY_PROG, BPF_MAP_TYPE } from "../../../bpf/uapi.ts";
import { type Profile, profiles } from "../../../harness/emulator/profiles.ts";
import { findSpecialFields } from "../../../harness/emulator/special-fields.ts";

const { EINVAL, E2BIG, EACCES, EEXIST, EFAULT, ENOENT, ENOTSUPP, EOPNOTSUPP } = ERRNO;
const VERSION = "7.2";

interface Types {
  readonly btf: BtfWriter;
  readonly int: number;
  readonly timer: number;
  readonly queue: number;
  readonly lock: number;
}

interface Written {
  readonly key?: number;
  readonly value: number;
  readonly valueSize?: number;
  readonly type?: number;
  readonly flags?: number;
  readonly keySize?: number;
}

/** The fields of a map whose types `write` writes. */
function fieldsOf(write: (types: Types) => Written, version = VERSION) {
  const btf = new BtfWriter();
  const int = btf.int("int", 4, 1);
  const u64 = btf.int("unsigned long", 8);
  const named = (name: string, size: number): number =>
    btf.struct(name, size, [{ name: "opaque", typeId: size === 4 ? int : u64, offsetBytes: 0 }]);
  const types = {
    btf,
    int,
    timer: named("bpf_timer", 16),
    queue: named("bpf_wq", 16),
    lock: named("bpf_spin_lock", 4),
  };
  const { key = int, value, valueSize = 64, type = BPF_MAP_TYPE.HASH, flags = 0, keySize = 4 } = write(types);
  const map = {
    name: "m",
    kind: "hash" as const,
    type,
    keySize,
    valueSize,
    maxEntries: 1,
    flags,
    btfKeyTypeId: key,
    btfValueTypeId: value,
    specialFields: [],
  };
  return findSpecialFields(map, readBtf(btf.encode()), profiles[version] as Profile);
}

/** A struct of 64 bytes with members at their offsets. */
const struct = ({ btf }: Types, ...members: readonly (readonly [typeId: number, offsetBytes: number])[]): number =>
  btf.struct(
    "value",
    64,
    members.map(([typeId, offsetBytes]) => ({ name: `f${offsetBytes}`, typeId, offsetBytes })),
  );

describe("keys and values", () => {
  test("have types, and those their sizes", () => {
    expect(fieldsOf(() => ({ value: 0 }))).toBe(-EINVAL);
    expect(fieldsOf(() => ({ key: 0, value: 0 }))).toMatchObject({ hasBtf: false });
    expect(fieldsOf((types) => ({ key: 0, value: struct(types) }))).toBe(-EINVAL);
    expect(fieldsOf((types) => ({ value: struct(types), keySize: 8 }))).toBe(-EINVAL);
    expect(fieldsOf(() => ({ value: 999 }))).toBe(-EINVAL);
  });

  test("may be arrays, as large as their elements together", () => {
    const words = ({ btf, int }: Types): number => btf.array(int, int, 16);
    expect(fieldsOf((types) => ({ value: words(types) }))).toMatchObject({ hasBtf: true, timerOffset: -EINVAL });
    expect(fieldsOf((types) => ({ value: words(types), valueSize: 4 }))).toBe(-EINVAL);
    expect(fieldsOf(({ btf, int }) => ({ value: btf.array(0, int, 16) }))).toBe(-EINVAL);
  });

  test("may have other names", () => {
    expect(fieldsOf((types) => ({ value: types.btf.typedef("named", struct(types, [types.timer, 8])) }))).toMatchObject(
      {
        timerOffset: 8,
      },
    );
  });

  test("that are no structs have no fields, on any kernel", () => {
    const number = ({ btf }: Types) => ({ value: btf.int("long", 8), valueSize: 8 });
    for (const version of ["6.1", VERSION])
      expect(fieldsOf(number, version)).toMatchObject({ timerOffset: -EINVAL, spinLockOffset: -EINVAL });
  });
});

describe("a field", () => {
  test("lies inside the value, and on no other", () => {
    expect(fieldsOf((types) => ({ value: struct(types, [types.timer, 48]) }))).toMatchObject({ timerOffset: 48 });
    expect(fieldsOf((types) => ({ value: struct(types, [types.timer, 56]) }))).toMatchObject({ timerOffset: -EFAULT });
    expect(fieldsOf((types) => ({ value: struct(types, [types.timer, 8], [types.lock, 20]) }))).toMatchObject({
      timerOffset: -EEXIST,
    });
    expect(fieldsOf((types) => ({ value: struct(types, [types.timer, 8], [types.lock, 24]) }))).toMatchObject({
      timerOffset: 8,
      spinLockOffset: 24,
    });
  });

  test("is no field where it has the name alone", () => {
    const named = ({ btf }: Types): number => btf.int("bpf_timer", 8);
    for (const version of ["6.1", VERSION])
      expect(fieldsOf((types) => ({ value: struct(types, [named(types), 8]) }), version)).toMatchObject({
        timerOffset: -ENOENT,
      });
  });

  test("may be in an array of one, and not of two", () => {
    const array = (count: number) => (types: Types) => ({
      value: struct(types, [types.btf.array(types.timer, types.int, count), 8]),
    });
    expect(fieldsOf(array(1))).toMatchObject({ timerOffset: 8 });
    expect(fieldsOf(array(2))).toMatchObject({ timerOffset: -EINVAL });
    expect(fieldsOf(array(0))).toMatchObject({ timerOffset: -ENOENT });
    expect(fieldsOf(array(1), "6.1")).toMatchObject({ timerOffset: -ENOENT });
  });

  const nestedIn =
    (count: number, levels = 1) =>
    (types: Types): Written => {
      let inner = types.btf.struct("inner", 24, [{ name: "t", typeId: types.timer, offsetBytes: 8 }]);
      for (let level = 1; level < levels; level++)
        inner = types.btf.struct(`level${level}`, 24, [{ name: "i", typeId: inner, offsetBytes: 0 }]);
      return { value: struct(types, [types.btf.array(inner, types.int, count), 16]) };
    };

  test("may be in a struct, which is there once", () => {
    expect(fieldsOf(nestedIn(1))).toMatchObject({ timerOffset: 24 });
    expect(fieldsOf(nestedIn(2))).toMatchObject({ timerOffset: -EINVAL });
    const plain = (types: Types) => {
      const inner = types.btf.struct("inner", 8, [{ name: "i", typeId: types.int, offsetBytes: 0 }]);
      return { value: struct(types, [types.timer, 0], [types.btf.array(inner, types.int, 2), 16]) };
    };
    expect(fieldsOf(plain)).toMatchObject({ timerOffset: 0 });
  });

  test("may be eight structs deep", () => {
    expect(fieldsOf(nestedIn(1, 8))).toMatchObject({ timerOffset: 24 });
    expect(fieldsOf(nestedIn(1, 9))).toMatchObject({ timerOffset: -E2BIG });
  });
});

describe("a map with a work queue", () => {
  const queued = (more: Partial<Written>) => (types: Types) => ({ value: struct(types, [types.queue, 8]), ...more });

  test("is one that programs may write, of some types", () => {
    expect(fieldsOf(queued({}))).toMatchObject({ workQueueOffset: 8, timerOffset: -ENOENT });
    expect(fieldsOf(queued({ flags: BPF_F_RDONLY_PROG }))).toBe(-EACCES);
    expect(fieldsOf(queued({ type: BPF_MAP_TYPE.PERCPU_HASH }))).toBe(-EOPNOTSUPP);
    expect(fieldsOf(queued({ type: BPF_MAP_TYPE.ARRAY }))).toMatchObject({ workQueueOffset: 8 });
  });

  test("has none that the kernel knows before 6.10", () => {
    expect(fieldsOf(queued({}), "6.6")).toMatchObject({ workQueueOffset: -ENOENT });
  });
});

test("a lock is in no map that programs may only read", () => {
  expect(fieldsOf((types) => ({ value: struct(types, [types.lock, 0]), flags: BPF_F_RDONLY_PROG }))).toBe(-EACCES);
});

test("maps of maps have no types, and arrays those of an int for their key", () => {
  const types = (type: number) => (made: Types) => ({ value: struct(made), type });
  expect(fieldsOf(types(BPF_MAP_TYPE.ARRAY_OF_MAPS))).toBe(-ENOTSUPP);
  expect(fieldsOf(types(BPF_MAP_TYPE.HASH_OF_MAPS))).toBe(-ENOTSUPP);
  expect(fieldsOf(types(BPF_MAP_TYPE.ARRAY))).toMatchObject({ hasBtf: true });
  for (const type of [BPF_MAP_TYPE.ARRAY, BPF_MAP_TYPE.PERCPU_ARRAY])
    expect(fieldsOf((made) => ({ key: made.lock, value: struct(made), type }))).toBe(-EINVAL);
  expect(fieldsOf((made) => ({ key: made.lock, value: struct(made) }))).toMatchObject({ hasBtf: true });
});
