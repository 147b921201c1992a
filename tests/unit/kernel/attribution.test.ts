import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isTroubled } from "../../../harness/complaints.ts";
import type { Outcome } from "../../../harness/harness.ts";
import { attribute, attributeFirsts, type RunFresh } from "../../../harness/kernel/attribution.ts";
import { compile } from "../../../scenario/compile.ts";
import type { CompiledScenario } from "../../../scenario/compiled-scenario.ts";

const NOTHING = compile({ maps: [], programs: [], steps: [] });
const cases = (count: number): CompiledScenario[] => Array.from({ length: count }, () => ({ ...NOTHING }));

const WARNING = "WARNING: CPU: 0 PID: 51 at kernel/bpf/helpers.c:1234 bpf_timer_cancel+0x12/0x40";
const SAME_WARNING = "WARNING: CPU: 1 PID: 77 at kernel/bpf/helpers.c:1234 bpf_timer_cancel+0x12/0x40";
const OTHER = "BUG: kernel NULL pointer dereference, address: 0000000000000008";

const trace = (...complaints: string[]): Outcome => ({
  kind: "trace",
  trace: { format: "bpf-timer-conformance/trace", version: 1, steps: [], droppedRecords: 0, complaints },
});
const died = (complaint: string): Outcome => ({ kind: "died", reason: "the guest ended", console: "", complaint });
const hung: Outcome = { kind: "died", reason: "no answer within 20 s", console: "" };

/** A guest whose outcome of each case is what `judge` says of it and of all that ran before. */
function fakeGuest(judge: (before: CompiledScenario[], current: CompiledScenario) => Outcome) {
  const tries: CompiledScenario[][] = [];
  const runFresh: RunFresh = async (list) => {
    tries.push([...list]);
    return list.map((current, at) => judge(list.slice(0, at), current));
  };
  return { runFresh, tries };
}

/** Complains in `last` once all the `culprits` have run in their order. */
const complainsAfter = (culprits: readonly CompiledScenario[], last: CompiledScenario, outcome: Outcome) =>
  fakeGuest((before, current) => {
    const seen = culprits.reduce((from, culprit) => {
      const at = before.indexOf(culprit, from);
      return at < 0 ? Number.POSITIVE_INFINITY : at + 1;
    }, 0);
    return current === last && Number.isFinite(seen) ? outcome : trace();
  });

const executedWithCulprits = fc
  .integer({ min: 1, max: 200 })
  .chain((count) =>
    fc.record({
      executed: fc.constant(cases(count)),
      positions: fc.uniqueArray(fc.nat({ max: Math.max(0, count - 2) }), { maxLength: count < 2 ? 0 : 3 }),
    }),
  )
  .map(({ executed, positions }) => ({
    executed,
    culprits: positions.sort((a, b) => a - b).flatMap((at) => executed.slice(at, at + 1)),
  }));

describe("attribute", () => {
  it("finds exactly the cases it takes, in their order, in a bounded number of tries", async () => {
    const property = fc.asyncProperty(executedWithCulprits, async ({ executed, culprits }) => {
      const last = executed[executed.length - 1] as CompiledScenario;
      const { runFresh, tries } = complainsAfter(culprits, last, trace(SAME_WARNING));
      const attribution = await attribute({ outcome: trace(WARNING), executed }, runFresh);
      expect(attribution?.repeats).toBe(true);
      expect(attribution?.after).toHaveLength(culprits.length);
      for (const [at, culprit] of culprits.entries()) expect(attribution?.after[at]).toBe(culprit);
      expect(tries.length).toBeLessThanOrEqual(40);
    });
    await fc.assert(property, { seed: 1, numRuns: 200 });
  });

  it("gives a set that shows it, though not the smallest, where there are too many to find", async () => {
    const executed = cases(200);
    const last = executed[199] as CompiledScenario;
    const culprits = executed.filter((_, at) => at % 10 === 0);
    const { runFresh, tries } = complainsAfter(culprits, last, trace(WARNING));
    const attribution = await attribute({ outcome: trace(WARNING), executed }, runFresh);
    expect(tries.length).toBeLessThanOrEqual(40);
    expect(attribution?.after.length).toBeLessThan(199);
    const outcomes = await runFresh([...(attribution?.after ?? []), last]);
    expect(outcomes.at(-1)).toEqual(trace(WARNING));
  });

  it("asks a case alone first, and no more where that suffices", async () => {
    const executed = cases(50);
    const last = executed[49] as CompiledScenario;
    const { runFresh, tries } = complainsAfter([], last, died(WARNING));
    expect(await attribute({ outcome: trace(WARNING), executed }, runFresh)).toEqual({ after: [], repeats: true });
    expect(tries).toEqual([[last]]);
  });

  it("says so where it is not seen again, though something else is", async () => {
    const { runFresh, tries } = fakeGuest(() => trace(OTHER));
    const troubled = { outcome: trace(WARNING), executed: cases(50) };
    expect(await attribute(troubled, runFresh)).toEqual({ after: [], repeats: false });
    expect(tries.map((list) => list.length)).toEqual([1, 50]);
  });

  it("blames no case for a death before it", async () => {
    const executed = cases(3);
    const [first] = executed;
    const { runFresh } = fakeGuest((before, current) => {
      if (current === first) return died(WARNING);
      return before.includes(first as CompiledScenario) ? died(WARNING) : trace();
    });
    expect(await attribute({ outcome: died(WARNING), executed }, runFresh)).toEqual({ after: [], repeats: false });
  });

  it.each([
    ["a plain hang", hung],
    ["an error", { kind: "error", reason: "corrupt answer" } as const],
    ["a healthy case", trace()],
  ])("asks nothing of %s", async (_, outcome) => {
    const { runFresh, tries } = fakeGuest(() => outcome);
    expect(isTroubled(outcome)).toBe(false);
    expect(await attribute({ outcome, executed: cases(2) }, runFresh)).toBeUndefined();
    expect(tries).toEqual([]);
  });
});

describe("attributeFirsts", () => {
  it("attributes each complaint once, and keeps every outcome in its place", async () => {
    const [one, two, three] = cases(3) as [CompiledScenario, CompiledScenario, CompiledScenario];
    const { runFresh, tries } = fakeGuest((_, current) => (current === three ? died(OTHER) : trace(WARNING)));
    const attribution = { after: [], repeats: true };
    const outcomes = await attributeFirsts(
      [
        { outcome: trace(WARNING), executed: [one] },
        { outcome: trace(SAME_WARNING), executed: [two] },
        { outcome: died(OTHER), executed: [three] },
      ],
      runFresh,
    );
    expect(outcomes).toEqual([
      { ...trace(WARNING), attribution },
      trace(SAME_WARNING),
      { ...died(OTHER), attribution },
    ]);
    expect(tries).toHaveLength(2);
  });
});
