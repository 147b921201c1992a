import { describe, expect, test } from "vitest";
import { BtfWriter, readBtf } from "../../../bpf/btf.ts";
import { ERRNO } from "../../../bpf/errno.ts";
import { BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG, BPF_MAP_TYPE } from "../../../bpf/uapi.ts";
import { type Profile, profiles } from "../../../harness/emulator/profiles.ts";
import { findSpecialFields } from "../../../harness/emulator/special-fields.ts";

interface Shape {
  timers?: readonly number[];
  locks?: readonly number[];
  nested?: number;
  type?: number;
  flags?: number;
  valueSize?: number;
}

function profile(version: string): Profile {
  const found = profiles[version];
  if (found === undefined) throw new Error(`no profile ${version}`);
  return found;
}

function find(version: string, { timers = [], locks = [], nested, type, flags = 0, valueSize = 64 }: Shape) {
  const btf = new BtfWriter();
  const key = btf.int("int", 4, 1);
  const u64 = btf.int("unsigned long", 8);
  const timer = btf.struct("bpf_timer", 16, [{ name: "a", typeId: u64, offsetBytes: 0 }]);
  const lock = btf.struct("bpf_spin_lock", 4, [{ name: "a", typeId: key, offsetBytes: 0 }]);
  const inner = btf.struct("inner", 16, [{ name: "timer", typeId: timer, offsetBytes: 0 }]);
  const value = btf.struct(
    "value",
    64,
    [
      ...timers.map((offsetBytes) => ({ name: `t${offsetBytes}`, typeId: timer, offsetBytes })),
      ...locks.map((offsetBytes) => ({ name: `l${offsetBytes}`, typeId: lock, offsetBytes })),
      ...(nested === undefined ? [] : [{ name: "inner", typeId: inner, offsetBytes: nested }]),
    ].sort((a, b) => a.offsetBytes - b.offsetBytes),
  );
  const map = {
    name: "m",
    kind: "hash" as const,
    type: type ?? BPF_MAP_TYPE.HASH,
    keySize: 4,
    valueSize,
    maxEntries: 1,
    flags,
    btfKeyTypeId: key,
    btfValueTypeId: value,
    specialFields: [],
  };
  return findSpecialFields(map, readBtf(btf.encode()), profile(version));
}

describe.each(["6.1", "6.12"])("the special fields of a value, %s", (version) => {
  test("one timer, at its offset", () => {
    expect(find(version, { timers: [8] })).toMatchObject({ hasBtf: true, timerOffset: 8 });
  });

  test("a value of another size than its type", () => {
    expect(find(version, { timers: [8], valueSize: 56 })).toBe(-ERRNO.EINVAL);
  });

  test.each([BPF_MAP_TYPE.PERCPU_HASH, BPF_MAP_TYPE.PERCPU_ARRAY, BPF_MAP_TYPE.LRU_PERCPU_HASH])(
    "no timer in map type %i",
    (type) => {
      expect(find(version, { timers: [8], type })).toBe(-ERRNO.EOPNOTSUPP);
    },
  );

  test("no timer where programs may only read", () => {
    expect(find(version, { timers: [8], flags: BPF_F_RDONLY_PROG })).toBe(-ERRNO.EACCES);
  });
});

describe("what changed with 6.2", () => {
  test("two timers: the map is made without, and without its lock", () => {
    expect(find("6.1", { timers: [8, 24], locks: [0] })).toMatchObject({
      timerOffset: -ERRNO.E2BIG,
      spinLockOffset: 0,
    });
    expect(find("6.12", { timers: [8, 24], locks: [0] })).toMatchObject({
      timerOffset: -ERRNO.E2BIG,
      spinLockOffset: -ERRNO.E2BIG,
    });
  });

  test("a timer out of alignment", () => {
    expect(find("6.1", { timers: [4] })).toMatchObject({ timerOffset: -ERRNO.EINVAL });
    expect(find("6.12", { timers: [4] })).toMatchObject({ timerOffset: -ERRNO.ENOENT });
  });

  test("a timer in a nested struct", () => {
    expect(find("6.1", { nested: 16 })).toMatchObject({ timerOffset: -ERRNO.ENOENT });
    expect(find("6.12", { nested: 16 })).toMatchObject({ timerOffset: 16 });
  });

  test("a timer where programs may only write", () => {
    expect(find("6.1", { timers: [8], flags: BPF_F_WRONLY_PROG })).toMatchObject({ timerOffset: 8 });
    expect(find("6.12", { timers: [8], flags: BPF_F_WRONLY_PROG })).toBe(-ERRNO.EACCES);
  });

  test("a lock in a map type that has none", () => {
    expect(find("6.1", { locks: [0], type: BPF_MAP_TYPE.LRU_HASH })).toBe(-ERRNO.ENOTSUPP);
    expect(find("6.12", { locks: [0], type: BPF_MAP_TYPE.LRU_HASH })).toBe(-ERRNO.EOPNOTSUPP);
  });
});
