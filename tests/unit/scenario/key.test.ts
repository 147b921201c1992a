import { expect, test } from "vitest";
import { keyNumber, keyText } from "../../../scenario/key.ts";

test.each([
  [0, "00000000"],
  [1, "01000000"],
  [255, "ff000000"],
  [256, "00010000"],
  [0x8000_0000, "00000080"],
  [0xffff_ffff, "ffffffff"],
])("key %i is written %s, and read back", (key, text) => {
  expect(keyText(key)).toBe(text);
  expect(keyNumber(text)).toBe(key);
});
