import { describe, expect, it } from "vitest";
import { isAtLeast, mayHold, parseUname } from "../../../scenario/release.ts";

describe("uname -r", () => {
  it.each([
    ["6.19.0-rc3", 6, 19],
    ["6.19.0-rc3-00123-gabcdef012345", 6, 19],
    ["6.19.0+", 6, 19],
    ["6.19.0-mine+", 6, 19],
    ["6.19.0-00123-gabcdef", 6, 19],
    ["6.19.0-dirty", 6, 19],
    ["6.19.0-next-20260105", 6, 19],
    ["7.0-rc1-amd64", 7, 0],
  ])("%s was built between two releases", (text, major, minor) => {
    expect(parseUname(text)).toEqual({ major, minor, between: true });
  });

  it.each([
    ["6.12.117+deb12-cloud-amd64", 6, 12],
    ["6.1.0-49-cloud-amd64", 6, 1],
    ["6.12.57", 6, 12],
    ["6.12.57+", 6, 12],
    ["6.12.57-00012-gabcdef012", 6, 12],
    ["6.19.0", 6, 19],
    ["7.3+deb13-amd64", 7, 3],
    ["5.15.0-generic", 5, 15],
  ])("%s is exact", (text, major, minor) => {
    expect(parseUname(text)).toEqual({ major, minor });
  });

  it("may be no version", () => {
    expect(parseUname("gvisor")).toBeUndefined();
  });
});

it.each([
  ["6.18.0-rc3", "6.18", true, true],
  ["6.18.0-rc3", "6.19", false, true],
  ["6.18.0-rc3", "7.0", false, true],
  ["6.18.0-rc3", "7.1", false, false],
  ["6.18.0-rc3", "6.20", false, false],
  ["6.18.0", "6.19", false, false],
  ["6.18.0", "7.0", false, false],
  ["7.0.0+", "6.19", true, true],
])("%s as %s: is at least %s, may hold %s", (text, release, atLeast, holds) => {
  const kernel = parseUname(text);
  if (kernel === undefined) throw new Error(text);
  expect([isAtLeast(kernel, release), mayHold(kernel, release)]).toEqual([atLeast, holds]);
});
