/** Every guarantee can be violated: by each fault that it names, found and shrunk within the default number of cases. */
import { describe, expect, test } from "vitest";
import { casesFor } from "../../conformance/cases.ts";
import { checkGuarantee } from "../../conformance/check-guarantee.ts";
import { judgeBatch } from "../../conformance/judge-case.ts";
import { Jury } from "../../conformance/jury.ts";
import { type FaultName, faults, openEmulator } from "../../harness/emulator/index.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";
import { faultsOf, type Guarantee } from "../../specs/guarantee.ts";
import { AWAITING } from "./awaiting.ts";

const SEED = 20_260;
const CASES = 100;
const catalogue = await loadCatalogue();

const judge = (guarantee: Guarantee, runtime: string) =>
  checkGuarantee(guarantee, openEmulator(runtime), { cases: casesFor(guarantee, SEED, CASES), seed: SEED });

const pairs = catalogue.flatMap((guarantee) =>
  faultsOf(guarantee).map((fault) => ({ id: guarantee.id, fault, guarantee })),
);

describe("a fault", () => {
  /** How many steps are left of each counterexample. */
  const shrunkTo: number[] = [];

  test.each(pairs)("$fault violates $id", async ({ fault, guarantee }) => {
    const { result, counterexample } = await judge(guarantee, `emulator+fault=${fault}`);
    expect(result).toMatchObject({ verdict: "violated" });
    expect(counterexample?.repeats).toBe(true);
    const { scenario } = counterexample?.compiled.origin ?? {};
    expect(scenario?.steps.length).toBeLessThanOrEqual(9);
    shrunkTo.push(scenario?.steps.length ?? Number.POSITIVE_INFINITY);
  });

  test("shrinks to four steps or fewer in half of the cases", () => {
    const lengths = shrunkTo.toSorted((one, other) => one - other);
    expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThanOrEqual(4);
  });

  test.each(catalogue)("breaks each clause of $id alone", async (guarantee) => {
    const cases = casesFor(guarantee, SEED, CASES);
    const broken = new Map<string, string[]>();
    for (const fault of faultsOf(guarantee)) {
      const { version } = faults[fault as FaultName];
      const harness = openEmulator(`emulator${version === undefined ? "" : `:${version}`}+fault=${fault}`);
      const judged = await judgeBatch(cases, { harness, jury: new Jury([guarantee], harness) });
      const seen = judged.flatMap(({ opinions }) =>
        opinions.flatMap(({ juror, violation, excuse }) =>
          violation === undefined || excuse !== undefined ? [] : [juror.clause.name],
        ),
      );
      broken.set(fault, [...new Set(seen)]);
    }
    for (const { name, faults } of guarantee.clauses) {
      for (const fault of faults) expect(broken.get(fault), fault).toContain(name);
      expect(
        faults.filter((fault) => broken.get(fault)?.length === 1),
        name,
      ).not.toEqual([]);
    }
  });

  const named = Object.keys(faults).filter((fault) => !AWAITING.includes(fault));
  test.each(named)("%s is named by a guarantee", (fault) => {
    expect(pairs.map((pair) => pair.fault)).toContain(fault);
  });

  test("init-twice-allowed shrinks to one map, one program and two inits", async () => {
    const guarantee = catalogue.find(({ id }) => id === "init.already-initialized") as Guarantee;
    const { counterexample } = await judge(guarantee, "emulator+fault=init-twice-allowed");
    const { scenario } = counterexample?.compiled.origin ?? {};
    expect(scenario?.maps).toHaveLength(1);
    expect(scenario?.steps.map(({ kind }) => kind)).toEqual(["create-map", "load-program", "run"]);
    expect(
      scenario?.programs.map(({ operations, callbacks }) => [operations.map(({ kind }) => kind), callbacks]),
    ).toEqual([[["lookup", "timer-init", "timer-init"], []]]);
  });
});

describe("the emulator without a fault", () => {
  test.each(catalogue)("keeps $id, or differs from it as its kernel is recorded to", async (guarantee) => {
    const { result } = await judge(guarantee, "emulator");
    expect(["holds", "known-divergence"]).toContain(result.verdict);
    expect(result.exercised).toBeGreaterThan(0);
  });
});
