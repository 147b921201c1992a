/** The engine on guarantees and runtimes made up for it: what counts for whom, and how it is said. */
import { describe, expect, it } from "vitest";
import { type Case, toCase } from "../../../conformance/cases.ts";
import { checkGuarantees } from "../../../conformance/check-guarantees.ts";
import type { Counterexample } from "../../../conformance/counterexample.ts";
import { Expectation } from "../../../conformance/expectations.ts";
import type { GuaranteeResult } from "../../../conformance/results.ts";
import { neededOf } from "../../../conformance/verdict-of-tally.ts";
import type { Harness, Outcome } from "../../../harness/harness.ts";
import type { CompiledScenario } from "../../../scenario/compiled-scenario.ts";
import type { Trace } from "../../../scenario/trace.ts";
import type { Check, Clause, Guarantee, Violation } from "../../../specs/guarantee.ts";
import { TWICE, traceOfTwice } from "../reports/sample.ts";

const violation: Violation = { at: 2, expected: "-EBUSY", observed: "it returned 0", subject: "0" };
const HOLDS: Check = () => ({ exercised: 1, violations: [] });
const BREAKS: Check = () => ({ exercised: 1, violations: [violation] });
const SILENT: Check = () => ({ exercised: 0, violations: [] });

const clause = (name: string, check: Check, more: Partial<Clause> = {}): Clause => ({
  name,
  words: "",
  faults: [],
  check,
  ...more,
});
const guarantee = (id: string, clauses: [Clause, ...Clause[]], more: Partial<Guarantee> = {}): Guarantee => ({
  id,
  clauses,
  citations: [],
  since: "5.15",
  scenarios: [TWICE],
  ...more,
});

/** A trace of whatever is run, in which every step succeeds and no program does anything. */
const traceOf = ({ steps }: CompiledScenario): Trace => ({
  ...traceOfTwice(0),
  steps: steps.map((_, at) => ({ result: 0, timeNs: at, records: [] })),
});

const harness = (more: Partial<Harness> = {}): Harness => ({
  name: "fake",
  version: "6.12",
  linux: { major: 6, minor: 12 },
  clock: { kind: "virtual", latenessNs: 0 },
  processors: 1,
  run: async (scenarios) => scenarios.map((each): Outcome => ({ kind: "trace", trace: traceOf(each) })),
  close: async () => undefined,
  ...more,
});

const CASES = Array<Case>(30).fill(toCase(TWICE));

async function check(
  drawn: Guarantee[],
  { others = [], on = harness(), expectations = [] as Expectation[], cases = CASES } = {} as {
    others?: Guarantee[];
    on?: Harness;
    expectations?: Expectation[];
    cases?: Case[];
  },
) {
  const shown: Counterexample[] = [];
  let results: GuaranteeResult[] = [];
  const found = async (counterexample: Counterexample) => {
    shown.push(counterexample);
    return `${counterexample.guarantee}.json`;
  };
  const options = { drawn, catalogue: [...drawn, ...others], expectations, casesOf: () => cases, seed: 1, found };
  for await (const progress of checkGuarantees(on, options)) results = progress.results;
  const resultOf = (id: string) => results.find((each) => each.guarantee === id);
  return { shown, results, resultOf };
}

describe("a trace", () => {
  it("is judged by all guarantees: what another's case breaks counts for the one that is broken", async () => {
    const kept = guarantee("a.kept", [clause("returns", HOLDS)]);
    const broken = guarantee("b.broken", [clause("returns", BREAKS)]);
    const quiet = guarantee("c.quiet", [clause("returns", HOLDS)]);
    const { results, resultOf, shown } = await check([kept], { others: [broken, quiet] });
    expect(results.map((result) => result.guarantee)).toEqual(["a.kept", "b.broken"]);
    expect(resultOf("a.kept")).toMatchObject({ verdict: "holds", cases: 30, traces: 30 });
    expect(resultOf("b.broken")).toMatchObject({
      verdict: "violated",
      cases: 0,
      counterexample: "b.broken.json",
      clauses: [{ own: { violated: 0 }, all: { exercised: 30, violated: 30 } }],
    });
    expect(shown.map((each) => each.guarantee)).toEqual(["b.broken"]);
  });

  it("is counted apart where it was drawn for the guarantee, and where it was not", async () => {
    const guarantees = [guarantee("a.one", [clause("returns", HOLDS)]), guarantee("a.two", [clause("returns", HOLDS)])];
    const { results } = await check(guarantees);
    for (const { cases, exercised, traces, clauses } of results) {
      expect({ cases, exercised, traces }).toEqual({ cases: 30, exercised: 30, traces: 60 });
      expect(clauses[0]).toMatchObject({ own: { exercised: 30 }, all: { exercised: 60 } });
    }
  });
});

describe("the verdict", () => {
  it("is the worst of the clauses', and names the one that broke", async () => {
    const { resultOf, shown } = await check([guarantee("a.b", [clause("returns", HOLDS), clause("fires", BREAKS)])]);
    expect(resultOf("a.b")).toMatchObject({
      verdict: "violated",
      clauses: [
        { name: "returns", verdict: "holds" },
        { name: "fires", verdict: "violated", reason: "it returned 0" },
      ],
    });
    expect(shown[0]?.verdict).toMatchObject({ clause: "fires" });
  });

  it("is no better than not-exercised where one clause is never reached", async () => {
    const { resultOf } = await check([guarantee("a.b", [clause("returns", HOLDS), clause("fires", SILENT)])]);
    expect(resultOf("a.b")).toMatchObject({
      verdict: "not-exercised",
      exercised: 0,
      reason: expect.stringMatching(/0 of 30/),
    });
  });

  it("takes that every case reaches a clause, or the share that it says", async () => {
    let calls = 0;
    const half: Check = () => ({ exercised: ++calls % 2, violations: [] });
    const verdict = async (more: Partial<Clause>) => {
      calls = 0;
      return (await check([guarantee("a.b", [clause("returns", half, more)])])).resultOf("a.b")?.verdict;
    };
    expect(await verdict({})).toBe("not-exercised");
    expect(await verdict({ reach: { share: 0.5, because: "every second does" } })).toBe("holds");
    expect(await verdict({ reach: { share: 0.99, because: "it says so" } })).toBe("not-exercised");
    expect(neededOf({}, 100)).toBe(100);
    expect(neededOf({ reach: { share: 0.5 } }, 100)).toBe(30);
    expect(neededOf({ reach: { share: 0.01 } }, 10)).toBe(1);
  });

  it("is not-applicable on an older kernel, and on one with too few processors", async () => {
    const newer = guarantee("a.new", [clause("returns", BREAKS)], { since: "7.0" });
    const wide = guarantee("a.wide", [clause("cpu", BREAKS)], { processors: 2 });
    const { results, shown } = await check([newer, wide]);
    expect(results.map(({ verdict, reason }) => [verdict, reason])).toEqual([
      ["not-applicable", "since Linux 7.0"],
      ["not-applicable", "takes 2 processors"],
    ]);
    expect(shown).toEqual([]);
  });

  it("blames no kernel between two releases for what only the second promises", async () => {
    const newer = [guarantee("a.new", [clause("returns", BREAKS)], { since: "6.13" })];
    const between = harness({ linux: { major: 6, minor: 12, between: true } });
    const { resultOf, shown } = await check(newer, { on: between });
    expect(resultOf("a.new")).toMatchObject({
      verdict: "not-applicable",
      reason: expect.stringMatching(/between two/),
    });
    expect(shown).toEqual([]);
    const kept = [guarantee("a.new", [clause("returns", HOLDS)], { since: "6.13" })];
    expect((await check(kept, { on: between })).resultOf("a.new")?.verdict).toBe("holds");
  });
});

describe("what came late", () => {
  /** Late in the runs that `isLate` picks, by their number. */
  const lateIn = (isLate: (run: number) => boolean): Check => {
    let run = 0;
    return () => ({ exercised: 1, violations: isLate(run++) ? [{ ...violation, subject: "late", lateByNs: 5 }] : [] });
  };

  it("is run again, and said to be the machine's where it is not late again", async () => {
    const { resultOf, shown } = await check([
      guarantee("a.b", [
        clause(
          "fires",
          lateIn((run) => run === 3),
        ),
      ]),
    ]);
    expect(resultOf("a.b")).toMatchObject({ verdict: "holds", clauses: [{ lateOnce: 1, own: { violated: 1 } }] });
    expect(shown).toEqual([]);
  });

  it("has to be late each time where time is real", async () => {
    const on = harness({ clock: { kind: "real", latenessNs: 0 } });
    const verdict = async (isLate: (run: number) => boolean) =>
      (await check([guarantee("a.b", [clause("returns", lateIn(isLate))])], { on })).resultOf("a.b")?.verdict;
    expect(await verdict((run) => run === 3 || run === 31)).toBe("holds");
    expect(await verdict((run) => run === 3 || run >= 30)).toBe("violated");
  });

  it("is a violation where it is late again", async () => {
    const { resultOf, shown } = await check([
      guarantee("a.b", [
        clause(
          "fires",
          lateIn((run) => run >= 3),
        ),
      ]),
    ]);
    expect(resultOf("a.b")).toMatchObject({ verdict: "violated", clauses: [{ lateOnce: 0 }] });
    expect(shown).toHaveLength(1);
  });
});

describe("an expectation", () => {
  const entry = { runtime: "fa*", reason: "known here", until: "2999-12-31" };

  it("excuses what it names on the runtime that it names, and says in how many cases", async () => {
    const broken = guarantee("a.b", [clause("returns", BREAKS)]);
    const verdictWith = async (more: object) => {
      const expectations = [new Expectation({ guarantee: "a.b", seen: "returned 0", ...entry, ...more })];
      return (await check([broken], { expectations })).resultOf("a.b");
    };
    expect(await verdictWith({})).toMatchObject({
      verdict: "known-divergence",
      reason: "expected: known here",
      clauses: [{ excuses: [{ kind: "expectation", own: 30, all: 30 }], own: { excused: 30, violated: 0 } }],
    });
    expect((await verdictWith({ clause: "returns" }))?.verdict).toBe("known-divergence");
    for (const other of [{ seen: "-EINVAL" }, { runtime: "kernel:*" }, { clause: "fires" }])
      expect((await verdictWith(other))?.verdict).toBe("violated");
  });

  it("excuses a complaint of the kernel, and what the trace shows is judged all the same", async () => {
    const complaining = harness({
      run: async (scenarios) =>
        scenarios.map((each) => ({
          kind: "trace",
          trace: { ...traceOf(each), complaints: ["WARNING: at kernel/bpf"] },
        })),
    });
    const expectations = [new Expectation({ complaint: "WARNING: at", ...entry })];
    const verdictOf = async (by: Check) =>
      (await check([guarantee("a.b", [clause("returns", by)])], { on: complaining, expectations })).resultOf("a.b")
        ?.verdict;
    expect(await verdictOf(HOLDS)).toBe("known-divergence");
    expect(await verdictOf(BREAKS)).toBe("violated");
  });
});
