/** A kernel whose time is real: QEMU without instruction counting stands in for KVM, which not every machine has. */
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawCases } from "../../conformance/cases.ts";
import { checkGuarantee } from "../../conformance/check-guarantee.ts";
import type { Harness, Outcome } from "../../harness/harness.ts";
import { openKernel } from "../../harness/kernel/index.ts";
import { compile } from "../../scenario/compile.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";

const SEED = 3;
const CASES = 30;
const NS_PER_MS = 1_000_000;
const STOPPED_MS = 2_000;
/** Those that hold however late a callback comes: what a busy host makes of the others is no matter of this project. */
const WHATEVER_THE_HOST_DOES = ["cancel.inactive", "init.already-initialized", "start.not-before-expiry"];
const guarantees = (await loadCatalogue()).filter(({ id }) => WHATEVER_THE_HOST_DOES.includes(id));

describe("a kernel in real time", () => {
  let kernel: Harness;
  beforeAll(async () => {
    kernel = await openKernel("kernel", { progress: console.error, accelerator: "tcg" });
  });
  afterAll(() => kernel?.close());

  it("says how late its callbacks may come", () => {
    expect(kernel.clock.kind).toBe("real");
    expect(kernel.clock.latenessNs).toBeGreaterThanOrEqual(10 * NS_PER_MS);
  });

  it("has a clock that stands still while the guest is stopped between two batches", async () => {
    const nothing = compile({ maps: [], programs: [], steps: [{ kind: "advance", ns: 0 }] });
    const timeMs = ([outcome]: Outcome[]): number =>
      outcome?.kind === "trace" ? (outcome.trace.steps[0]?.timeNs ?? Number.NaN) / NS_PER_MS : Number.NaN;
    const beforeMs = timeMs(await kernel.run([nothing]));
    await sleep(STOPPED_MS);
    expect(timeMs(await kernel.run([nothing])) - beforeMs).toBeLessThan(STOPPED_MS / 4);
  });

  it.each(guarantees)("keeps $id", async (guarantee) => {
    const cases = drawCases(guarantee, SEED, CASES);
    const { result } = await checkGuarantee(guarantee, kernel, { cases, seed: SEED });
    expect(result).toMatchObject({ verdict: "holds", exercised: CASES });
  });
});
