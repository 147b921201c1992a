import { describe, expect, it } from "vitest";
import type { Outcome } from "../../../harness/harness.ts";
import { type Guests, KernelHarness } from "../../../harness/kernel/kernel-harness.ts";
import { compile } from "../../../scenario/compile.ts";
import type { CompiledScenario } from "../../../scenario/compiled-scenario.ts";

const RELEASE = "6.12.117+deb12-cloud-amd64";
const runOn = (cpu?: number): CompiledScenario =>
  compile({
    maps: [],
    programs: [{ type: "sched-cls", operations: [], callbacks: [] }],
    steps: [{ kind: "run", program: 0, ...(cpu === undefined ? {} : { cpu }) }],
  });

/** Guests that answer with their name and the number of the case among theirs. */
function guests(name: string, latenessNs: number) {
  const seen = { cases: 0, isClosed: false };
  const crew: Guests = {
    release: RELEASE,
    clock: { kind: "virtual", latenessNs },
    run: async (scenarios) =>
      scenarios.map((): Outcome => ({ kind: "error", reason: `${name} ${(++seen.cases).toString()}` })),
    close: async () => {
      seen.isClosed = true;
    },
  };
  return { crew, seen };
}

function harnessWith(pairs: Guests | { reason: string }) {
  const lines: string[] = [];
  let starts = 0;
  const singles = guests("one", 50_000);
  const startPairs = async () => {
    starts++;
    return pairs;
  };
  const options = { name: "kernel:6.12", startPairs, progress: (line: string) => void lines.push(line) };
  return { harness: new KernelHarness(options, singles.crew), singles, lines, starts: () => starts };
}

const reasons = (outcomes: readonly Outcome[]) => outcomes.map((outcome) => outcome.kind === "error" && outcome.reason);

describe("a kernel's cases", () => {
  it("run with one processor, unless a step names another than the first", async () => {
    const pairs = guests("two", 70_000);
    const { harness, singles, starts } = harnessWith(pairs.crew);
    expect(reasons(await harness.run([runOn(), runOn(0)]))).toEqual(["one 1", "one 2"]);
    expect([starts(), harness.processors, harness.clock.latenessNs]).toEqual([0, 2, 50_000]);

    const mixed = await harness.run([runOn(1), runOn(), runOn(2), runOn(0)]);
    expect(reasons(mixed)).toEqual(["two 1", "one 3", "two 2", "one 4"]);
    await harness.run([runOn(1)]);
    expect([starts(), harness.processors, harness.clock.latenessNs]).toEqual([1, 2, 70_000]);
    await harness.close();
    expect([singles.seen.isClosed, pairs.seen.isClosed]).toEqual([true, true]);
  });

  it("cannot name a second where the kernel does not start with two, which is said once", async () => {
    const { harness, singles, lines, starts } = harnessWith({ reason: "no answer within 120 s" });
    const outcomes = await harness.run([runOn(1), runOn(), runOn(1)]);
    await harness.run([runOn(1)]);
    const none = "kernel:6.12 does not start with two processors (no answer within 120 s)";
    expect(reasons(outcomes)).toEqual([none, "one 1", none]);
    expect([starts(), harness.processors, harness.clock.latenessNs]).toEqual([1, 1, 50_000]);
    expect(lines).toEqual([`${none}: nothing is said about a second one`]);
    await harness.close();
    expect(singles.seen.isClosed).toBe(true);
  });
});
