import { describe, expect, test } from "vitest";
import { readHistories } from "./histories.ts";

const FILE = `# What the file is about.

== a.b/c
  create m0 array[1] {timer}
  close m0            # here
-- violated, 0: it is closed twice
  close m0
+ close m0
-- not exercised: it is not closed
- close m0

== a.b/d, from a.b/c
- create m0 array[1] {timer}
+ create m0 hash[1] {timer}
-- not exercised: another history
  advance 1ms
`;

describe("a file of histories", () => {
  const read = readHistories(FILE, "a.txt");

  test("has what holds and, as a patch of it or whole, what does not", () => {
    expect(read.map(({ clause, expectation, subject, place }) => [clause, expectation, subject, place])).toEqual([
      ["a.b/c", "holds", undefined, "a.txt:3"],
      ["a.b/c", "violated", "0", "a.txt:6"],
      ["a.b/c", "not exercised", undefined, "a.txt:9"],
      ["a.b/d", "holds", undefined, "a.txt:12"],
      ["a.b/d", "not exercised", undefined, "a.txt:15"],
    ]);
    expect(
      read.map(({ text }) =>
        text
          .split("\n")
          .map((line) => line.trim())
          .filter((line) => line !== ""),
      ),
    ).toEqual([
      ["create m0 array[1] {timer}", "close m0            # here"],
      ["create m0 array[1] {timer}", "close m0", "close m0"],
      ["create m0 array[1] {timer}"],
      ["create m0 hash[1] {timer}", "close m0            # here"],
      ["advance 1ms"],
    ]);
  });

  test.each([
    ["== a.b/c\n  exit\n-- violated, 0: x\n- close m0", "fits 0 places"],
    ["== a.b/c\n  exit\n  exit\n-- violated, 0: x\n- exit", "fits 2 places"],
    ["== a.b\n", "neither a title nor a variant"],
    ["== a.b/c\n  exit\n-- violated: it does not say how\n+ exit", "neither a title nor a variant"],
    ["== a.b/c, from a.b/d\n", "is not written before it"],
  ])("that cannot be read is refused: %j", (text, reason) => {
    expect(() => readHistories(text, "a.txt")).toThrow(reason);
  });
});
