import { describe, expect, it } from "vitest";
import { encodeCpio } from "../../../harness/kernel/cpio.ts";

const INIT = { name: "init", mode: 0o100755, data: Buffer.from("hello") };

/** Reads a newc archive by the layout in the kernel's Documentation/driver-api/early-userspace/buffer-format.rst. */
function decode(archive: Buffer): { name: string; mode: number; data: string }[] {
  const entries = [];
  for (let at = 0; at < archive.length; ) {
    const field = (index: number) =>
      Number.parseInt(archive.toString("ascii", at + 6 + index * 8, at + 14 + index * 8), 16);
    expect(archive.toString("ascii", at, at + 6)).toBe("070701");
    const [mode, size, nameSize] = [field(1), field(6), field(11)];
    const data = Math.ceil((at + 110 + nameSize) / 4) * 4;
    entries.push({
      name: archive.toString("ascii", at + 110, at + 110 + nameSize - 1),
      mode,
      data: archive.toString("ascii", data, data + size),
    });
    at = Math.ceil((data + size) / 4) * 4;
  }
  return entries;
}

describe("the cpio archive", () => {
  it("holds the files and ends with the trailer", () => {
    expect(decode(encodeCpio([INIT, { ...INIT, name: "other", data: Buffer.from("12345678") }]))).toEqual([
      { name: "init", mode: 0o100755, data: "hello" },
      { name: "other", mode: 0o100755, data: "12345678" },
      { name: "TRAILER!!!", mode: 0, data: "" },
    ]);
  });

  it("is the same bytes for the same files", () => {
    expect(encodeCpio([INIT])).toEqual(encodeCpio([INIT]));
  });
});
