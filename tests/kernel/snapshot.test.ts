/** Starting from a snapshot: fast, the same every time, and never from a broken one. */
import {
  closeSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
  statSync,
  truncateSync,
  writeSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { casesFor } from "../../conformance/cases.ts";
import { compareOutcomes } from "../../conformance/diff.ts";
import type { Harness, Outcome } from "../../harness/harness.ts";
import { findKernelImage } from "../../harness/kernel/image.ts";
import { openKernel } from "../../harness/kernel/index.ts";
import { compile } from "../../scenario/compile.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";

const SEED = 5;
const REPEATS = 6;
const DAY_NS = 86_400_000_000_000;
const GUARANTEES = ["start.not-before-expiry", "cancel.active", "ownership.close-cancels"];
const HANGING = compile({ maps: [], programs: [], steps: [{ kind: "advance", ns: 100 * DAY_NS }] });

const batch = (await loadCatalogue())
  .filter(({ id }) => GUARANTEES.includes(id))
  .flatMap((guarantee) => casesFor(guarantee, SEED, 8).map(({ compiled }) => compiled));

let image = "";
let cache = "";
const ownCache = process.env.XDG_CACHE_HOME;
beforeAll(async () => {
  image = await findKernelImage({ kind: "any" }, console.error);
  cache = mkdtempSync(join(tmpdir(), "timerconf-cache-"));
  process.env.XDG_CACHE_HOME = cache;
});
afterAll(() => {
  if (ownCache === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = ownCache;
  rmSync(cache, { recursive: true });
});

/** What `use` gives for a kernel that was just opened, and the lines of progress until it was closed. */
async function withKernel<T>(use: (kernel: Harness) => Promise<T>): Promise<{ result: T; said: string }> {
  const lines: string[] = [];
  const kernel = await openKernel(`kernel:${image}`, { progress: (line) => lines.push(line), caseLimitMs: 3_000 });
  try {
    return { result: await use(kernel), said: lines.join("\n") };
  } finally {
    await kernel.close();
  }
}

const runBatch = (kernel: Harness): Promise<Outcome[]> => kernel.run(batch);

function snapshotState(): string {
  const folder = join(cache, "bpf-timer-conformance", "snapshots");
  const entries = readdirSync(folder);
  expect(entries).toHaveLength(1);
  return join(folder, entries[0] ?? "", "state");
}

function flipByte(path: string, offset: number): void {
  const file = openSync(path, "r+");
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, offset);
  writeSync(file, Buffer.from([(byte[0] ?? 0) ^ 0xff]), 0, 1, offset);
  closeSync(file);
}

describe("a snapshot", () => {
  let first: Outcome[] = [];

  /**
   * To the byte they are the same nearly always, but not quite: QEMU 7.2 may take a halt for idle before it has counted
   * the last instructions, which moves the clock by some nanoseconds. So what they say of the timers is compared.
   */
  function expectTheSame(outcomes: readonly Outcome[]): void {
    expect(outcomes).toHaveLength(first.length);
    for (const [index, outcome] of outcomes.entries()) {
      const before = first[index];
      expect(outcome.kind).toBe("trace");
      expect(before && compareOutcomes(before, outcome)).toBeUndefined();
    }
  }

  it("is made by the first start of a kernel", async () => {
    const { result, said } = await withKernel(runBatch);
    expect(said).toMatch(/no snapshot to start from \(there is none yet\)[\s\S]*booting/);
    expect(result.map(({ kind }) => kind)).toEqual(batch.map(() => "trace"));
    first = result;
  });

  it(`starts every later guest, whose traces are the same, ${REPEATS} times`, async () => {
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const { result, said } = await withKernel(runBatch);
      expect(said).not.toContain("booting");
      expectTheSame(result);
    }
  });

  it("takes the place of a guest that died", async () => {
    const { result, said } = await withKernel(async (kernel) => [
      ...(await kernel.run([HANGING])),
      ...(await runBatch(kernel)),
    ]);
    expect(said).not.toContain("booting");
    expect(result[0]?.kind).toBe("died");
    expectTheSame(result.slice(1));
  });

  it.each<[string, (path: string) => void, RegExp]>([
    ["a changed byte", (path) => flipByte(path, Math.floor(statSync(path).size / 2)), /no snapshot to start from/],
    ["a missing half", (path) => truncateSync(path, statSync(path).size >> 1), /no snapshot to start from/],
    ["no seal", (path) => rmSync(join(path, "..", "seal.json")), /no snapshot to start from \(ENOENT/],
  ])("with %s is made anew, not trusted", async (_, damage, expected) => {
    damage(snapshotState());
    const { result, said } = await withKernel(runBatch);
    expect(said).toMatch(expected);
    expect(said).toContain("booting");
    expect(result.map(({ kind }) => kind)).toEqual(batch.map(() => "trace"));
    expect((await withKernel(runBatch)).said).not.toContain("booting");
  });
});
