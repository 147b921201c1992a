/** `timerconf bisect-run` on a kernel that boots, and on one that does not. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { main } from "../../cli/main.ts";
import { casesFor } from "../../conformance/cases.ts";
import { SIMPLE_MAP } from "../../generators/map.ts";
import { findKernelImage } from "../../harness/kernel/image.ts";
import { init, lookup, program, run, scenario } from "../../scenario/build.ts";
import { compile } from "../../scenario/compile.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";
import { fakeIo } from "../unit/cli/fake-io.ts";

const GUARANTEE = "init.already-initialized";
const OTHER_GUARANTEE = "init.succeeds";

let folder = "";
let image = "";
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "timerconf-bisect-"));
  image = await findKernelImage({ kind: "any" }, console.error);
});
afterAll(() => rmSync(folder, { recursive: true }));

async function caseOf(id: string) {
  const guarantee = (await loadCatalogue()).find((entry) => entry.id === id);
  const [first] = guarantee === undefined ? [] : casesFor(guarantee, 1, 1);
  if (first === undefined) throw new Error(`there is no case of ${id}`);
  return first;
}

async function bisectRun(kernel: string, saved: CompiledScenario) {
  const file = join(folder, "case.json");
  writeFileSync(file, JSON.stringify(saved));
  const { io, out, err } = fakeIo();
  return { code: await main(["bisect-run", kernel, file], io), out: out(), err: err() };
}

it("exits 0 and says good where the guarantee holds", async () => {
  const { scenario: from, compiled } = await caseOf(GUARANTEE);
  const origin = { scenario: from, guarantee: GUARANTEE, runtimes: [], seed: 1 };
  const { code, out } = await bisectRun(image, { ...compiled, origin });
  expect(out).toMatch(/^good: .*: holds\n$/);
  expect(code).toBe(0);
});

it("exits 1 and says bad where it is violated", async () => {
  /* Bytecode with a clock that does not exist, saved as if it had been compiled from one that does. */
  const withClock = (clock: number) => scenario([SIMPLE_MAP], [program([lookup(0, 0), init(0, clock)])], [run()]);
  const origin = { scenario: withClock(1), guarantee: OTHER_GUARANTEE, runtimes: [], seed: 1 };
  const { code, out } = await bisectRun(image, { ...compile(withClock(5)), origin });
  expect(out).toMatch(/^bad: .*: violated: .*-EINVAL/);
  expect(code).toBe(1);
});

it("exits 125 for an image that does not boot", async () => {
  const broken = join(folder, "bzImage");
  writeFileSync(broken, readFileSync(image).subarray(0, 4096));
  const { scenario: from, compiled } = await caseOf(GUARANTEE);
  const { code, err } = await bisectRun(broken, {
    ...compiled,
    origin: { scenario: from, guarantee: GUARANTEE, runtimes: [], seed: 1 },
  });
  expect(err).toMatch(/does not boot/);
  expect(code).toBe(125);
});

it("exits 125 where the case does not reach its point", async () => {
  const { scenario: from, compiled } = await caseOf(OTHER_GUARANTEE);
  const origin = { scenario: from, guarantee: GUARANTEE, runtimes: [], seed: 1 };
  const { code, out } = await bisectRun(image, { ...compiled, origin });
  expect(out).toMatch(/^cannot tell: .*: not-exercised\n$/);
  expect(code).toBe(125);
});
