import { expect, test } from "vitest";
import { ERRNO, errnoName, formatResult } from "../../../bpf/errno.ts";

test("names errors of either sign", () => {
  expect(errnoName(ERRNO.EBUSY)).toBe("EBUSY");
  expect(errnoName(-524)).toBe("ENOTSUPP");
  expect(errnoName(35)).toBe("EDEADLK");
  expect(errnoName(4242)).toBe("4242");
});

test.each([
  [0, "0"],
  [1, "1"],
  [16, "16"],
  [-16, "-EBUSY"],
  [-95, "-EOPNOTSUPP"],
  [-4242, "-4242"],
])("formats the result %i as %s", (result, text) => {
  expect(formatResult(result)).toBe(text);
});

test("gives each number one name", () => {
  const numbers = Object.values(ERRNO);
  expect(new Set(numbers).size).toBe(numbers.length);
});
