/** The cpio archive format "newc", as the kernel unpacks it for its first file system. */

export interface CpioEntry {
  name: string;
  /** File type and permissions, as in stat(2). */
  mode: number;
  data: Uint8Array;
}

const TRAILER: CpioEntry = { name: "TRAILER!!!", mode: 0, data: new Uint8Array() };
const ALIGNMENT_BYTES = 4;

const hex = (value: number): string => value.toString(16).toUpperCase().padStart(8, "0");

function padded(bytes: Buffer): Buffer {
  const excess = bytes.length % ALIGNMENT_BYTES;
  return excess === 0 ? bytes : Buffer.concat([bytes, Buffer.alloc(ALIGNMENT_BYTES - excess)]);
}

function encodeEntry(entry: CpioEntry, inode: number): Buffer {
  const name = Buffer.from(`${entry.name}\0`);
  const fields = {
    inode,
    mode: entry.mode,
    uid: 0,
    gid: 0,
    links: 1,
    modified: 0,
    size: entry.data.length,
    deviceMajor: 0,
    deviceMinor: 0,
    specialMajor: 0,
    specialMinor: 0,
    nameSize: name.length,
    check: 0,
  };
  const header = Buffer.from(`070701${Object.values(fields).map(hex).join("")}`);
  return Buffer.concat([padded(Buffer.concat([header, name])), padded(Buffer.from(entry.data))]);
}

/** The archive of these files, with its trailer; the same entries always give the same bytes. */
export function encodeCpio(entries: readonly CpioEntry[]): Buffer {
  return Buffer.concat([...entries.map((entry, index) => encodeEntry(entry, index + 1)), encodeEntry(TRAILER, 0)]);
}
