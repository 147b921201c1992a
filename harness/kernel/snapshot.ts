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
/** Two of each kernel, with one processor and with two. */
const KEPT_MAX = 24;

const stateSchema = z.strictObject({ bytes: z.int(), crc32: z.int() });
type State = z.infer<typeof stateSchema>;

/** What is kept beside the state: its size and sum, and how late callbacks came in that guest. */
const sealSchema = stateSchema.extend({ worstLatenessNs: z.number().nonnegative() });
export type Seal = z.infer<typeof sealSchema>;

const digest = (bytes: string | Buffer) => createHash("sha256").update(bytes).digest("hex").slice(0, KEY_CHARACTERS);

/** Passes chunks on and sums them up. */
async function* summed(source: AsyncIterable<Buffer>, state: State): AsyncGenerator<Buffer> {
  for await (const chunk of source) {
    state.bytes += chunk.length;
    state.crc32 = crc32(chunk, state.crc32);
    yield chunk;
  }
}

/** Writes to a file what `send` sends to the Unix socket it is told the path of. */
async function receive(file: string, send: (socketPath: string) => Promise<void>): Promise<State> {
  const folder = await mkdtemp(join(tmpdir(), "bpf-timer-conformance-"));
  const state: State = { bytes: 0, crc32: 0 };
  const server = createServer();
  try {
    const socketPath = join(folder, "state");
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.listen(socketPath, resolve);
    });
    const written = new Promise<void>((resolve, reject) => {
      server.once("connection", (socket: Socket) => {
        pipeline(socket, (source) => summed(source, state), createWriteStream(file)).then(resolve, reject);
      });
    });
    await send(socketPath);
    await written;
    return state;
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
   * The place for the snapshot of a machine, found by the bytes of its kernel and its agent, by the file of QEMU, by all
   * arguments and by what is measured on it: a change of any of them is another snapshot.
   */
  static async of(machine: Machine, measured: string): Promise<Snapshot> {
    const [qemu, kernel, initramfs] = await Promise.all([
      qemuIdentity(),
      readFile(machine.kernel).then(digest),
      readFile(machine.initramfs).then(digest),
    ]);
    const parts = [qemu, ...qemuArguments({ ...machine, kernel, initramfs }), measured];
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
   * Its seal, where every byte is as it was written; else undefined.
   * @throws {Error} where it cannot be read
   */
  async seal(): Promise<Seal | undefined> {
    const seal = sealSchema.parse(JSON.parse(await readFile(join(this.#folder, SEAL_FILE), "utf8")));
    const found: State = { bytes: 0, crc32: 0 };
    const bytes = createReadStream(join(this.#folder, STATE_FILE), { highWaterMark: CHUNK_BYTES });
    for await (const _ of summed(bytes, found));
    return found.bytes === seal.bytes && found.crc32 === seal.crc32 ? seal : undefined;
  }

  /**
   * Keeps what `send` sends to the Unix socket it is given, in place of what was here, with how late callbacks then were
   * measured to come; the snapshots that were not used for longest make room.
   * @throws {Error} what `send` and `measureNs` throw, or where the cache cannot be written; then nothing is kept
   */
  async write(send: (socketPath: string) => Promise<void>, measureNs: () => Promise<number>): Promise<void> {
    await this.discard();
    await fillCacheEntry(this.#folder, async (folder) => {
      const state = await receive(join(folder, STATE_FILE), send);
      const seal: Seal = { ...state, worstLatenessNs: await measureNs() };
      await writeFile(join(folder, SEAL_FILE), JSON.stringify(seal));
    });
    await removeOldest(dirname(this.#folder));
  }

  /** Removes it. */
  discard(): Promise<void> {
    return rm(this.#folder, { recursive: true, force: true });
  }
}
