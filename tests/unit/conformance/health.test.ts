import { describe, expect, it } from "vitest";
import { toCase } from "../../../conformance/cases.ts";
import { checkGuarantee } from "../../../conformance/check-guarantee.ts";
import { compareOutcomes } from "../../../conformance/diff.ts";
import { inTurn } from "../../../conformance/health.ts";
import { judgeAlone } from "../../../conformance/judge-case.ts";
import type { Attribution, Harness, Outcome } from "../../../harness/harness.ts";
import type { CompiledScenario } from "../../../scenario/compiled-scenario.ts";
import { compiledScenarioSchema } from "../../../scenario/compiled-scenario.ts";
import type { Scenario } from "../../../scenario/scenario.ts";
import { DIVERGENCES } from "../../../specs/divergences.ts";
import type { Guarantee } from "../../../specs/guarantee.ts";
import { TWICE, traceOfTwice } from "../reports/sample.ts";

const WARNING = "WARNING: CPU: 0 PID: 51 at kernel/bpf/helpers.c:1234 bpf_timer_cancel+0x12/0x40";
const OTHER_WARNING = "WARNING: possible recursive locking detected";

const item = toCase(TWICE);
const healthy = traceOfTwice(-16);
const complaining = (complaints: string[], attribution?: Attribution): Outcome => ({
  kind: "trace",
  trace: { ...healthy, steps: [], complaints },
  ...(attribution === undefined ? {} : { attribution }),
});
const died = (complaint?: string): Outcome => ({
  kind: "died",
  reason: "no answer within 20 s",
  console: "the end",
  ...(complaint === undefined ? {} : { complaint }),
});

const guarantee: Guarantee = {
  id: DIVERGENCES[0]?.guarantee ?? "",
  clauses: [
    { name: "keeps", words: "It keeps its promise.", faults: [], check: () => ({ exercised: 1, violations: [] }) },
  ],
  citations: [],
  since: "5.15",
  scenarios: [TWICE],
};

/** A kernel that gives for each case what `judge` says; `runs` counts the cases of each call. */
function fakeKernel(judge: (compiled: CompiledScenario) => Outcome) {
  const runs: number[] = [];
  const harness: Harness = {
    name: "kernel",
    version: "6.12.1",
    linux: { major: 6, minor: 12 },
    clock: { kind: "virtual", latenessNs: 0 },
    processors: 1,
    run: async (scenarios) => {
      runs.push(scenarios.length);
      return scenarios.map(judge);
    },
    close: async () => undefined,
  };
  return { harness, runs };
}

const judge = (outcome: Outcome) => judgeAlone(guarantee, item, outcome, fakeKernel(() => outcome).harness);
const check = (harness: Harness, count = 1) =>
  checkGuarantee(guarantee, harness, { cases: Array(count).fill(item), seed: 1 });

describe("judgeAlone", () => {
  it("takes a complaint for a violation, though the guarantee holds", () => {
    expect(judge({ kind: "trace", trace: healthy })).toEqual({ kind: "holds" });
    expect(judge(complaining([WARNING, OTHER_WARNING, OTHER_WARNING]))).toMatchObject({
      kind: "violated",
      violation: { expected: /no complaint/, observed: `${WARNING}, and 2 more` },
    });
  });

  it("takes a death with a complaint for a violation, and one without for an error", () => {
    expect(judge(died(WARNING))).toMatchObject({ kind: "violated", violation: { observed: WARNING } });
    expect(judge(died())).toEqual({ kind: "error", reason: "no answer within 20 s\nthe end" });
  });

  it("lets no recorded divergence explain it", () => {
    expect(judge(complaining(["-EINVAL"]))).toMatchObject({ kind: "violated" });
  });
});

describe("checkGuarantee", () => {
  const alone: Attribution = { after: [], repeats: true };
  const hasProgram = ({ programs }: CompiledScenario) => programs.length > 0;

  it("shrinks a complaint to what it takes, one candidate at a time", async () => {
    const { harness, runs } = fakeKernel((compiled) => complaining(hasProgram(compiled) ? [WARNING] : [], alone));
    const { result, counterexample } = await check(harness);
    expect(result).toMatchObject({ verdict: "violated", reason: WARNING });
    expect(counterexample).toMatchObject({ repeats: true, compiled: { origin: { observed: WARNING } } });
    expect(counterexample?.compiled.origin?.scenario).toMatchObject({ maps: [], programs: [{}], steps: [] });
    expect(Math.max(...runs)).toBe(1);
  });

  it("shrinks a death to no other complaint", async () => {
    const { harness } = fakeKernel(
      ({ steps }) => ({ ...died(steps.length > 1 ? WARNING : OTHER_WARNING), attribution: alone }) as Outcome,
    );
    const { counterexample } = await check(harness);
    expect(counterexample?.compiled.steps).toHaveLength(2);
    expect(counterexample?.outcome).toMatchObject({ complaint: WARNING });
  });

  it("leaves a complaint that takes other cases as it is, and saves them with it", async () => {
    const attribution: Attribution = { after: [item.compiled, item.compiled], repeats: true };
    const { harness, runs } = fakeKernel(() => complaining([WARNING], attribution));
    const { counterexample } = await check(harness, 3);
    expect(runs).toEqual([3]);
    expect(counterexample).toMatchObject({ repeats: true, compiled: { origin: { scenario: TWICE } } });
    expect(counterexample?.compiled.origin?.after).toEqual([item.compiled, item.compiled]);
    expect(compiledScenarioSchema.parse(counterexample?.compiled)).toEqual(counterexample?.compiled);
  });

  it("says of one that was not seen again that it was not", async () => {
    const { harness } = fakeKernel(() => complaining([WARNING], { after: [], repeats: false }));
    const { counterexample } = await check(harness);
    expect(counterexample?.repeats).toBe(false);
    expect(counterexample?.compiled.origin).not.toHaveProperty("after");
  });
});

describe("inTurn", () => {
  it("stops at the first that shows it, and for good after a hundred tries", async () => {
    const tried: Scenario[] = [];
    let showing = 2;
    const shows = inTurn(async ([candidate]) => {
      tried.push(candidate as Scenario);
      return [tried.length === showing];
    });
    const batch = Array<Scenario>(16).fill(TWICE);
    expect((await shows(batch)).indexOf(true)).toBe(1);
    expect(tried).toHaveLength(2);
    showing = 0;
    for (let round = 0; round < 20; round++) expect(await shows(batch)).not.toContain(true);
    expect(tried).toHaveLength(100);
  });
});

describe("compareOutcomes", () => {
  it("shows a complaint of either side as a difference, and of both", () => {
    const [silent, loud] = [complaining([]), complaining([WARNING])];
    expect(compareOutcomes(silent, silent)).toBeUndefined();
    expect(compareOutcomes(silent, loud)).toMatchObject({ left: "no complaint", right: WARNING });
    expect(compareOutcomes(loud, silent)).toMatchObject({ left: WARNING, right: "no complaint" });
    expect(compareOutcomes(loud, loud)).toMatchObject({ left: WARNING, right: WARNING });
  });
});
