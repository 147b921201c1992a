/** Snapshots of guests that have greeted, in the cache: each belongs to everything that went into its guest. */
import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdtemp, open, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { crc32 } from "node:zlib";
import { z } from "zod";
import { cachePath, fillCacheEntry } from "./cache.ts";
import { type Machine, qemuArguments, qemuIdentity } from "./qemu.ts";

const STATE_FILE = "state";
const SEAL_FILE = "seal.json";
const CHUNK_BYTES = 1 << 20;
const KEY_CHARACTERS = 16;
const KEPT_MAX = 16;

const sealSchema = z.strictObject({ bytes: z.int(), crc32: z.int() });
type Seal = z.infer<typeof sealSchema>;

const digest = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest("hex").slice(0, KEY_CHARACTERS);

/** Passes chunks on and sums them up. */
async function* summed(source: AsyncIterable<Buffer>, seal: Seal): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    seal.bytes += chunk.length;
    seal.crc32 = crc32(chunk, seal.crc32);
    yield chunk;
  }
}

/** Writes to a file what `send` sends to the Unix socket it is told the path of. */
async function receive(file: string, send: (socketPath: string) => Promise<void>): Promise<Seal> {
  const folder = await mkdtemp(join(tmpdir(), "bpf-timer-conformance-"));
  const seal: Seal = { bytes: 0, crc32: 0 };
  const server = createServer();
  try {
    const socketPath = join(folder, "state");
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(socketPath, resolve);
    });
    const written = new Promise<void>((resolve, reject) => {
      server.once("connection", (socket: Socket) => {
        pipeline(socket, (source) => summed(source, seal), createWriteStream(file)).then(resolve, reject);
      });
    });
    await send(socketPath);
    await written;
    return seal;
  } finally {
    server.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** Removes all but the snapshots used last: each has some 100 MB. */
async function removeOldest(folder: string): Promise<void> {
  const names = (await readdir(folder)).filter((name) => !name.includes(".part-"));
  const used = await Promise.all(names.map(async (name) => ({ name, ms: (await stat(join(folder, name))).mtimeMs })));
  const oldest = used.sort((a, b) => b.ms - a.ms).slice(KEPT_MAX);
  for (const { name } of oldest) await rm(join(folder, name), { recursive: true, force: true });
}

/** The snapshot of one machine: perhaps not there yet, perhaps broken. */
export class Snapshot {
  readonly #folder: string;

  /**
   * The place for the snapshot of a machine, found by the bytes of its kernel and its agent, by the file of QEMU and by
   * all arguments: a change of any of them is another snapshot.
   */
  static async of(machine: Machine): Promise<Snapshot> {
    const [qemu, kernel, initramfs] = await Promise.all([
      qemuIdentity(),
      readFile(machine.kernel).then(digest),
      readFile(machine.initramfs).then(digest),
    ]);
    const parts = [qemu, ...qemuArguments({ ...machine, kernel, initramfs })];
    return new Snapshot(digest(parts.join("\0")));
  }

  private constructor(name: string) {
    this.#folder = cachePath("snapshots", name);
  }

  /**
   * The file of its state, open for reading.
   * @throws {NodeJS.ErrnoException} ENOENT where there is no snapshot
   */
  async open(): ReturnType<typeof open> {
    const file = await open(join(this.#folder, STATE_FILE));
    const now = new Date();
    await utimes(this.#folder, now, now);
    return file;
  }

  /**
   * Whether every byte is as it was written.
   * @throws {Error} where it cannot be read
   */
  async isWhole(): Promise<boolean> {
    const expected = sealSchema.parse(JSON.parse(await readFile(join(this.#folder, SEAL_FILE), "utf8")));
    const seal: Seal = { bytes: 0, crc32: 0 };
    const state = createReadStream(join(this.#folder, STATE_FILE), { highWaterMark: CHUNK_BYTES });
    for await (const _ of summed(state, seal));
    return seal.bytes === expected.bytes && seal.crc32 === expected.crc32;
  }

  /**
   * Keeps what `send` sends to the Unix socket it is given, in place of what was here; the snapshots that were not
   * used for longest make room.
   * @throws {Error} what `send` throws, or where the cache cannot be written; then nothing is kept
   */
  async write(send: (socketPath: string) => Promise<void>): Promise<void> {
    await this.discard();
    await fillCacheEntry(this.#folder, async (folder) => {
      const seal = await receive(join(folder, STATE_FILE), send);
      await writeFile(join(folder, SEAL_FILE), JSON.stringify(seal));
    });
    await removeOldest(dirname(this.#folder));
  }

  /** Removes it. */
  discard(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}
