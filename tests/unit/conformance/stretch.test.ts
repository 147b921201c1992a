import { describe, expect, test } from "vitest";
import { stretch, stretchFor } from "../../../conformance/stretch.ts";
import { SIMPLE_MAP } from "../../../generators/map.ts";
import {
  advance,
  callback,
  init,
  lookup,
  program,
  run,
  scenario,
  setCallback,
  start,
} from "../../../scenario/build.ts";

const MS = 1_000_000;
const drawn = scenario(
  [SIMPLE_MAP],
  [
    program(
      [lookup(0, 0), init(0, 1), setCallback(0), start(20 * MS)],
      [callback([start(0), start("0xffffffffffffffff")])],
    ),
  ],
  [run(), advance(40 * MS)],
);

describe("cases for a clock that is late", () => {
  test("are as they were drawn where time is virtual, or little is late", () => {
    expect(stretchFor({ kind: "virtual", latenessNs: 90 * MS })).toBe(1);
    expect(stretchFor({ kind: "real", latenessNs: 10 * MS })).toBe(1);
    expect(stretch(drawn, 1)).toBe(drawn);
  });

  test("wait as many times longer as it is late, and their timers too, but for numbers that are no delays", () => {
    expect(stretchFor({ kind: "real", latenessNs: 35 * MS })).toBe(4);
    const { programs, steps } = stretch(drawn, 4);
    expect(programs[0]?.operations.at(-1)).toMatchObject({ kind: "timer-start", ns: 80 * MS });
    expect(programs[0]?.callbacks[0]?.operations).toMatchObject([{ ns: 0 }, { ns: "0xffffffffffffffff" }]);
    expect(steps.at(-1)).toEqual({ kind: "advance", ns: 160 * MS });
  });
});
