import { describe, expect, it } from "vitest";
import { SIMPLE_MAP } from "../../../generators/map.ts";
import { callback, init, lookup, program, run, scenario, setCallback, start } from "../../../scenario/build.ts";
import { compile } from "../../../scenario/compile.ts";
import type { Operation, Scenario } from "../../../scenario/scenario.ts";
import { ScenarioError } from "../../../scenario/scenario-error.ts";

const numbers = (hex: string): bigint[] => {
  const bytes = Buffer.from(hex, "hex");
  return Array.from({ length: bytes.length / 8 }, (_, index) => bytes.readBigUInt64LE(index * 8));
};

const starting = (key: number, flags: number, ns: number, later: number): Scenario =>
  scenario(
    [SIMPLE_MAP],
    [program([lookup(0, key), init(0, flags), setCallback(0), start(ns)], [callback([start(later, 0, "self")])])],
    [run()],
  );

describe("the numbers of programs", () => {
  it("are data, in the order of the operations, those of callbacks behind the program's", () => {
    expect(numbers(compile(starting(3, 7, 1000, 2000)).parameters)).toEqual([3n, 7n, 1000n, 0n, 2000n, 0n]);
  });

  it("take 64 bits", () => {
    const far: Operation = { kind: "timer-start", element: 0, ns: "0xfedcba9876543210", flags: 0 };
    const { parameters } = compile(scenario([SIMPLE_MAP], [program([lookup(0, 0), far])], [run()]));
    expect(numbers(parameters)[1]).toBe(0xfedcba9876543210n);
  });

  it("change nothing else, whether they are equal or not", () => {
    const { parameters: _, ...one } = compile(starting(0, 0, 0, 0));
    const { parameters: __, ...other } = compile(starting(1, 2, 3, 4));
    expect(other).toEqual(one);
  });

  it("are refused where there is no room for more", () => {
    const many = Array.from({ length: 300 }, () => lookup(0, 0));
    expect(() => compile(scenario([SIMPLE_MAP], [program(many)], []))).toThrow(ScenarioError);
  });
});
