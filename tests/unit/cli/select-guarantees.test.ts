import { describe, expect, it } from "vitest";
import { selectGuarantees } from "../../../cli/select-guarantees.ts";
import type { Guarantee } from "../../../specs/guarantee.ts";

const catalogue = ["init.succeeds", "init.other-map", "start.later"].map(
  (id): Guarantee => ({
    id,
    clauses: [{ name: "keeps", words: "", faults: [], check: () => ({ exercised: 0, violations: [] }) }],
    citations: [],
    since: "5.15",
    scenarios: [],
  }),
);
const select = (...globs: string[]): string[] => selectGuarantees(catalogue, globs).map(({ id }) => id);

describe("selectGuarantees", () => {
  it("takes all without a glob", () => expect(select()).toHaveLength(3));
  it("matches the whole id, and a dot as a dot", () => {
    expect(select("init.*")).toEqual(["init.succeeds", "init.other-map"]);
    expect(select("*later", "init.succeed?")).toEqual(["init.succeeds", "start.later"]);
    expect(() => select("init")).toThrow("no guarantee matches");
    expect(() => select("initxsucceeds")).toThrow("no guarantee matches");
  });
  it("lists ids near a glob that matches none", () =>
    expect(() => select("init.suceeds")).toThrow(/"init.suceeds"; near it: init.succeeds, /));
});
