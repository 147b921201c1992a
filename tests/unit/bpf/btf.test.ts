import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BTF_INT, BtfWriter, findMembers, readBtf } from "../../../bpf/btf.ts";

/** struct { struct bpf_spin_lock lock; struct bpf_timer timer; u64 payload; } and one callback. */
function timerTypes() {
  const writer = new BtfWriter();
  const u32 = writer.int("unsigned int", 4);
  const u64 = writer.int("unsigned long long", 8);
  const s32 = writer.int("int", 4, BTF_INT.SIGNED);
  const words = writer.array(u64, u32, 2);
  const timer = writer.struct("bpf_timer", 16, [{ name: "__opaque", typeId: words, offsetBytes: 0 }]);
  const lock = writer.struct("bpf_spin_lock", 4, [{ name: "val", typeId: u32, offsetBytes: 0 }]);
  const value = writer.struct("value", 32, [
    { name: "lock", typeId: lock, offsetBytes: 0 },
    { name: "timer", typeId: timer, offsetBytes: 8 },
    { name: "payload", typeId: u64, offsetBytes: 24 },
  ]);
  const pointer = writer.ptr(0);
  const proto = writer.funcProto(s32, [
    { name: "map", typeId: pointer },
    { name: "key", typeId: pointer },
  ]);
  const callback = writer.func("callback0", proto, "static");
  return { writer, u64, s32, words, timer, value, pointer, proto, callback };
}

test("encodes one int as the format lays it out", () => {
  const writer = new BtfWriter();
  writer.int("int", 4, BTF_INT.SIGNED);
  expect(Buffer.from(writer.encode()).toString("hex")).toBe(
    [
      "9feb0100", // magic, version, flags
      "18000000", // header bytes
      "00000000" + "10000000", // types: 16 bytes at 0
      "10000000" + "05000000", // strings: 5 bytes at 16
      "01000000" + "00000001" + "04000000" + "20000001", // name at 1, kind int, 4 bytes, signed and 32 bits
      "00" + "696e7400", // "", "int"
    ].join(""),
  );
});

describe("reading back", () => {
  const ids = timerTypes();
  const btf = readBtf(ids.writer.encode());

  test("gives the types that were written, by id", () => {
    expect(btf.types[0]).toMatchObject({ id: 0, kind: "void" });
    expect(btf.types[ids.s32]).toMatchObject({ kind: "int", name: "int", size: 4, encoding: BTF_INT.SIGNED });
    expect(btf.types[ids.words]).toMatchObject({ kind: "array", typeId: ids.u64, count: 2 });
    expect(btf.types[ids.value]).toMatchObject({
      kind: "struct",
      name: "value",
      size: 32,
      members: [{ offsetBits: 0 }, { name: "timer", typeId: ids.timer, offsetBits: 64 }, { offsetBits: 192 }],
    });
    expect(btf.types[ids.proto]).toMatchObject({
      kind: "func-proto",
      typeId: ids.s32,
      parameters: [
        { name: "map", typeId: ids.pointer },
        { name: "key", typeId: ids.pointer },
      ],
    });
    expect(btf.types[ids.callback]).toMatchObject({ kind: "func", typeId: ids.proto, linkage: "static" });
    expect(btf.types).toHaveLength(ids.callback + 1);
  });

  test("finds the members the kernel would", () => {
    expect(findMembers(btf, ids.value, "bpf_timer")).toEqual([8]);
    expect(findMembers(btf, ids.value, "bpf_spin_lock")).toEqual([0]);
    expect(findMembers(btf, ids.value, "bpf_wq")).toEqual([]);
    expect(findMembers(btf, ids.timer, "bpf_timer")).toEqual([]);
    expect(findMembers(btf, ids.s32, "bpf_timer")).toBeUndefined();
    expect(findMembers(btf, 999, "bpf_timer")).toBeUndefined();
  });
});

test("finds no timer behind a typedef or a forward declaration", () => {
  const { writer, timer } = timerTypes();
  const alias = writer.typedef("bpf_timer", timer);
  const forward = writer.fwd("bpf_timer", "struct");
  const value = writer.struct("value", 32, [
    { name: "a", typeId: alias, offsetBytes: 0 },
    { name: "b", typeId: forward, offsetBytes: 16 },
  ]);
  expect(findMembers(readBtf(writer.encode()), value, "bpf_timer")).toEqual([]);
});

test("keeps each string once", () => {
  const once = new BtfWriter();
  once.int("number", 4);
  const twice = new BtfWriter();
  twice.int("number", 4);
  twice.int("number", 4);
  expect(twice.encode().length - once.encode().length).toBe(16);
});

test("keeps any struct through a round trip", () => {
  const name = fc.stringMatching(/^[a-z_][a-z0-9_]{0,20}$/);
  const member = fc.record({ name, typeId: fc.nat(0xffff), offsetBytes: fc.nat(0xffff) });
  fc.assert(
    fc.property(name, fc.nat(), fc.array(member), (structName, size, members) => {
      const writer = new BtfWriter();
      const id = writer.struct(structName, size, members);
      expect(readBtf(writer.encode()).types[id]).toMatchObject({
        name: structName,
        size,
        members: members.map(({ offsetBytes, ...rest }) => ({ ...rest, offsetBits: offsetBytes * 8 })),
      });
    }),
  );
});

describe("malformed data", () => {
  const good = timerTypes().writer.encode();
  const patched = (at: number, byte: number): Uint8Array => Uint8Array.from(good).fill(byte, at, at + 1);

  test.each([
    ["nothing", new Uint8Array()],
    ["a wrong magic number", patched(0, 0)],
    ["another version", patched(2, 2)],
    ["types beyond the end", patched(15, 0xff)],
    ["an unknown kind", patched(24 + 7, 31)],
    ["a cut string section", good.subarray(0, -1)],
    ["a name outside the strings", patched(24 + 2, 0xff)],
  ])("%s is rejected", (_, bytes) => {
    expect(() => readBtf(bytes)).toThrow(RangeError);
  });

  test("of any kind ends in a RangeError or in types", () => {
    fc.assert(
      fc.property(fc.nat(good.length - 1), fc.nat(255), (at, byte) => {
        try {
          expect(readBtf(patched(at, byte)).types.length).toBeGreaterThan(0);
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
    );
  });
});

describe("a writer that extends", () => {
  const first = new BtfWriter();
  const int = first.int("int", 4, BTF_INT.SIGNED);
  first.struct("pair", 8, [
    { name: "a", typeId: int, offsetBytes: 0 },
    { name: "b", typeId: int, offsetBytes: 4 },
  ]);
  const bytes = first.encode();

  test("what it is given, by nothing, encodes the same", () => {
    expect(BtfWriter.extending(bytes).encode()).toEqual(bytes);
  });

  test("keeps all ids, and goes on behind them", () => {
    const writer = BtfWriter.extending(Uint8Array.of(0xff, ...bytes).subarray(1));
    const variable = writer.variable("pair", 2);
    const section = writer.dataSection(".data", 8, [{ typeId: variable, offsetBytes: 0, sizeBytes: 8 }]);
    const { types } = readBtf(writer.encode());
    expect([variable, section]).toEqual([3, 4]);
    expect(types.slice(0, 3)).toEqual(readBtf(bytes).types);
    expect(types[3]).toMatchObject({ kind: "var", name: "pair", typeId: 2 });
    expect(types[4]).toMatchObject({ kind: "datasec", name: ".data", size: 8 });
  });

  test("has one string of a name that was there before", () => {
    const writer = BtfWriter.extending(bytes);
    const length = writer.encode().length;
    expect(writer.string("pair")).toBe(first.string("pair"));
    expect(writer.encode().length).toBe(length);
  });
});
