/** Recognizing an x86 Linux kernel image by its boot header (Documentation/arch/x86/boot.rst). */
import { closeSync, openSync, readSync } from "node:fs";
import { UnknownRuntime } from "../harness.ts";
import { isCode, message } from "./cache.ts";

const BOOT_FLAG = { offset: 0x1fe, bytes: Buffer.from([0x55, 0xaa]) };
const HEADER_MAGIC = { offset: 0x202, bytes: Buffer.from("HdrS") };
const HEADER_BYTES = 0x210;

/** Whether these first bytes of a file are those of a bzImage. */
export function isBzImage(head: Buffer): boolean {
  return [BOOT_FLAG, HEADER_MAGIC].every(({ offset, bytes }) =>
    head.subarray(offset, offset + bytes.length).equals(bytes),
  );
}

function readHead(path: string): Buffer {
  const file = openSync(path, "r");
  try {
    const head = Buffer.alloc(HEADER_BYTES);
    return head.subarray(0, readSync(file, head, 0, HEADER_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

/**
 * Makes sure that the file is a kernel image.
 * @throws {UnknownRuntime} where it cannot be read or is something else
 */
export function checkBzImage(path: string): void {
  let head: Buffer;
  try {
    head = readHead(path);
  } catch (error) {
    const why = isCode(error, "ENOENT") ? "there is no such file" : message(error);
    throw new UnknownRuntime(`kernel:${path}: ${why}; give the path of a bzImage or vmlinuz`);
  }
  if (!isBzImage(head)) {
    throw new UnknownRuntime(
      `kernel:${path} is no x86 kernel image (no boot header): give an arch/x86/boot/bzImage or a vmlinuz`,
    );
  }
}
