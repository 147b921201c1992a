import { describe, expect, test } from "vitest";
import { readBtf } from "../../../bpf/btf.ts";
import { decodeInstructions } from "../../../bpf/instruction.ts";
import {
  callback,
  cancelAsync,
  init,
  lookup,
  lookupInner,
  program,
  scenario,
  setCallback,
  start,
  timerMap,
} from "../../../scenario/build.ts";
import { compile } from "../../../scenario/compile.ts";
import type { CompiledScenario } from "../../../scenario/compiled-scenario.ts";
import { LOG_PARAMETERS_OFFSET, LOG_VALUE_BYTES } from "../../../scenario/log-map.ts";
import { objectOf } from "../../../scenario/object/object.ts";
import { sectionOf } from "../../../scenario/object/sections.ts";
import { PROGRAM_TYPES } from "../../../scenario/program-types.ts";
import type { MapSpec } from "../../../scenario/scenario.ts";
import { ScenarioError } from "../../../scenario/scenario-error.ts";
import { readElf } from "../bpf/read-elf.ts";

const armed = [lookup(0, 3), init(0, 1), setCallback(0), start(1000)];
const plain = compile(scenario([timerMap(4)], [program(armed, [callback([])])], []));

const objectParts = (compiled: CompiledScenario, only?: string) => {
  const elf = readElf(objectOf(compiled, only));
  const { types } = readBtf(elf.section(".BTF").bytes);
  return { ...elf, types, type: (name: string) => types.find((type) => type.name === name) };
};

describe("an object of a case", () => {
  test("has the program in the section of its type, the callback and the log function in .text", () => {
    const { symbol } = objectParts(plain);
    expect(symbol("p0")).toMatchObject({ section: "tc", value: 0, binding: 1, type: 2 });
    expect(symbol("p0_callback0")).toMatchObject({ section: ".text", value: 0, binding: 0, type: 2 });
    expect(symbol("p0_log")).toMatchObject({ section: ".text", value: symbol("p0_callback0").size, binding: 1 });
  });

  test("has all instructions of the program, with nothing filled in where a symbol stands", () => {
    const { section, relocations } = objectParts(plain);
    const own = Buffer.concat([section("tc").bytes, section(".text").bytes]);
    const compiled = decodeInstructions(Buffer.from(plain.programs[0]?.instructions ?? "", "hex"));
    const relocated = new Set(
      relocations.map((each) => each.offset / 8 + (each.section === "tc" ? 0 : section("tc").bytes.length / 8)),
    );
    for (const [at, instruction] of decodeInstructions(own).entries()) {
      if (relocated.has(at))
        expect(instruction).toMatchObject({ opcode: compiled[at]?.opcode, dst: compiled[at]?.dst });
      else if (!relocated.has(at - 1)) expect(instruction).toEqual(compiled[at]);
      else expect(instruction.imm).toBe(at > 0 && compiled[at]?.opcode === 0 ? 0 : compiled[at]?.imm);
    }
    expect(relocated.size).toBeGreaterThan(10);
  });

  test("refers to maps by R_BPF_64_64, to a callback by its distance in .text, to the log function by R_BPF_64_32", () => {
    const { relocations, section } = objectParts(plain);
    const code = decodeInstructions(section("tc").bytes);
    const kinds = relocations
      .filter((each) => each.section === "tc")
      .map(({ type, symbol, offset }) => `${type} ${symbol.name || symbol.section} ${code[offset / 8]?.src}`);
    expect(new Set(kinds)).toEqual(new Set(["1 log 0", "1 m0 0", "1 .text 0", "10 p0_log 1"]));
  });

  test("has the log map in .data, with the parameters in it", () => {
    const { section, symbol, relocations } = objectParts(plain);
    const { bytes } = section(".data");
    expect(bytes.length).toBe(LOG_VALUE_BYTES);
    expect(symbol("log")).toMatchObject({ section: ".data", value: 0, size: LOG_VALUE_BYTES });
    expect(bytes.toString("hex", LOG_PARAMETERS_OFFSET)).toMatch(new RegExp(`^${plain.parameters}0*$`));
    const code = decodeInstructions(section("tc").bytes);
    const distances = relocations
      .filter((each) => each.section === "tc" && each.symbol.name === "log")
      .map(({ offset }) => code[offset / 8]?.imm);
    expect(distances).toEqual([8, 16, 24, 32]);
  });

  test("describes a map by pointers to its key and value, and numbers as lengths of arrays", () => {
    const { types, type } = objectParts(plain);
    const map = types[type("m0")?.typeId ?? 0];
    const pointed = (name: string) =>
      types[types[map?.members.find((each) => each.name === name)?.typeId ?? 0]?.typeId ?? 0];
    expect(map?.members.map(({ name }) => name)).toEqual(["type", "key", "value", "max_entries", "map_flags"]);
    expect(pointed("type")?.count).toBe(2);
    expect(pointed("key")?.name).toBe("int");
    expect(pointed("value")?.name).toBe("value0");
    expect(pointed("max_entries")?.count).toBe(4);
    expect(pointed("map_flags")?.count).toBe(0);
  });

  test("gives a map without BTF by the sizes of its key and value", () => {
    const compiled = compile(scenario([{ ...timerMap(1), btf: false }], [program([lookup(0, 0)])], []));
    const { types, type } = objectParts(compiled);
    const names = types[type("m0")?.typeId ?? 0]?.members.map(({ name }) => name);
    expect(names).toEqual(["type", "key_size", "value_size", "max_entries", "map_flags"]);
  });

  test("describes the maps that a map holds, last and without room", () => {
    const outer: MapSpec = {
      ...timerMap(2),
      type: "array-of-maps",
      btf: false,
      value: { size: 4, fields: [] },
      innerMap: 0,
    };
    const compiled = compile(scenario([timerMap(3), outer], [program([lookupInner(1, 0, 1)])], []));
    const { types, type, symbol } = objectParts(compiled);
    const map = types[type("m1")?.typeId ?? 0];
    expect(map?.members.map(({ name }) => name)).toEqual(["type", "key_size", "max_entries", "map_flags", "values"]);
    expect(symbol("m1").size).toBe(32);
    const values = types[map?.members.at(-1)?.typeId ?? 0];
    expect(values).toMatchObject({ kind: "array", count: 0 });
    const inner = types[types[values?.typeId ?? 0]?.typeId ?? 0];
    expect(inner?.members.map(({ name }) => name)).toEqual(["type", "key", "value", "max_entries", "map_flags"]);
  });

  test("declares kfuncs weak, in .ksyms", () => {
    const compiled = compile(scenario([timerMap(1)], [program([lookup(0, 0), cancelAsync()])], []));
    const { symbol, relocations, type, types } = objectParts(compiled);
    expect(symbol("bpf_timer_cancel_async")).toMatchObject({ binding: 2, section: "" });
    expect(relocations.filter((each) => each.symbol.name === "bpf_timer_cancel_async")).toMatchObject([{ type: 10 }]);
    expect(type("bpf_timer_cancel_async")).toMatchObject({ kind: "func", linkage: "extern" });
    expect(type(".ksyms")).toMatchObject({ kind: "datasec" });
    const parameter = types[type("bpf_timer_cancel_async")?.typeId ?? 0]?.parameters[0];
    const pointed = types[types[parameter?.typeId ?? 0]?.typeId ?? 0];
    expect(pointed).toMatchObject({ kind: "struct", name: "bpf_timer" });
  });

  test("keeps programs of one type in one section, and their functions apart", () => {
    const two = [program(armed, [callback([])]), program([lookup(0, 1)])];
    const { symbol } = objectParts(compile(scenario([timerMap(2)], two, [])));
    expect(symbol("p1")).toMatchObject({ section: "tc", value: symbol("p0").size });
    expect(symbol("p1_log").value).toBeGreaterThan(symbol("p0_log").value);
  });

  test("says in .BTF.ext which function begins where", () => {
    const { section, types, symbol } = objectParts(plain);
    const words = section(".BTF.ext").bytes;
    const records = [32, 40, 52, 60].map((at) => words.readUInt32LE(at));
    expect(words.readUInt32LE(24)).toBe(8);
    const named = [
      [40, 44],
      [56, 60],
      [64, 68],
    ].map(([offset = 0, id = 0]) => [words.readUInt32LE(offset - 4), types[words.readUInt32LE(id - 4)]?.name]);
    expect(records[0]).toBe(1);
    expect(named).toEqual([
      [0, "p0"],
      [0, "p0_callback0"],
      [symbol("p0_log").value, "p0_log"],
    ]);
  });

  test("has what a program of struct-ops is an operation of", () => {
    const compiled = compile(scenario([timerMap(1)], [program([lookup(0, 0)], [], "struct-ops")], []));
    const { relocations, type, symbol } = objectParts(compiled);
    expect(symbol("p0").section).toBe("struct_ops/tcp_congestion_ops");
    expect(relocations.filter((each) => each.section === ".struct_ops")).toMatchObject([{ type: 2, offset: 0 }]);
    expect(type("tcp_congestion_ops")?.members).toMatchObject([{ name: "ssthresh" }]);
  });

  test("has of one program alone what it refers to", () => {
    const two = [program([lookup(0, 0)]), program([lookup(1, 0)])];
    const { symbols } = objectParts(compile(scenario([timerMap(1), timerMap(2)], two, [])), "p1");
    expect(symbols.map(({ name }) => name).filter((name) => /^[mp]\d$/.test(name))).toEqual(["m1", "p1"]);
  });

  test("can be made without any program", () => {
    const { sections } = objectParts(compile(scenario([timerMap(1)], [], [])));
    expect(sections.map(({ name }) => name)).not.toContain(".BTF.ext");
  });

  test.each(PROGRAM_TYPES)("has a section for the program type %s", (type) => {
    const { programs } = compile(scenario([timerMap(1)], [program([lookup(0, 0)], [], type)], []));
    expect(programs.map(sectionOf)).toEqual([expect.stringMatching(/^[a-z0-9_./]+$/)]);
  });

  test.each<[string, (compiled: CompiledScenario) => CompiledScenario, string]>([
    [
      "an attach type that no section says",
      (c) => ({ ...c, programs: c.programs.map((p) => ({ ...p, expectedAttachType: 5 })) }),
      "no section says type 3, attach type 5",
    ],
    [
      "an unknown kfunc",
      (c) => ({
        ...c,
        programs: c.programs.map((p) => ({ ...p, relocations: [{ kind: "kfunc", instruction: 0, name: "bpf_x" }] })),
      }),
      "the kfunc bpf_x",
    ],
    [
      "a name that C has not",
      (c) => ({ ...c, programs: c.programs.map((p) => ({ ...p, name: "p 0" })) }),
      '"p 0" cannot be a name',
    ],
    [
      "a call into the middle of a function",
      (c) => ({ ...c, programs: c.programs.map((p) => ({ ...p, funcInfo: p.funcInfo.slice(0, 1) })) }),
      "refers to where no function begins",
    ],
  ])("is refused for %s", (_, change, message) => {
    expect(() => objectOf(change(plain))).toThrow(ScenarioError);
    expect(() => objectOf(change(plain))).toThrow(message);
  });
});
