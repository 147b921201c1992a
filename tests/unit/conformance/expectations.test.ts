import { describe, expect, it } from "vitest";
import { parseExpectations } from "../../../conformance/expectations.ts";
import type { Guarantee } from "../../../specs/guarantee.ts";

const catalogue: Guarantee[] = [
  {
    id: "init.succeeds",
    clauses: [{ name: "returns", words: "", faults: [], check: () => ({ exercised: 0, violations: [] }) }],
    citations: [],
    since: "5.15",
    scenarios: [],
  },
];
const entry = {
  guarantee: "init.succeeds",
  runtime: "kernel:*",
  seen: "it returned -EINVAL",
  reason: "our tree lacks the fix",
  until: "2027-01-31",
};
const parse = (value: unknown, today = "2026-11-25") =>
  parseExpectations(value, { source: "known.json", catalogue, today });

describe("expectations", () => {
  it("are read with what they are for", () => {
    const [found] = parse([entry]);
    expect(found?.isFor("kernel:6.12")).toBe(true);
    expect(found?.isFor("emulator")).toBe(false);
    expect(found?.concerns("init.succeeds", "returns")).toBe(true);
    expect(found?.concerns("init.other", "returns")).toBe(false);
    const seen = { at: 0, expected: "", subject: "" };
    expect(found?.isSeenIn({ ...seen, observed: "it returned -EINVAL" })).toBe(true);
    expect(found?.isSeenIn({ ...seen, observed: "it returned 0" })).toBe(false);
  });

  it("hold to their last day, and are an error from the next on", () => {
    expect(parse([entry], "2027-01-31")).toHaveLength(1);
    expect(() => parse([entry], "2027-02-01")).toThrow(/^known\.json, entry 0 expired on 2027-01-31/);
  });

  it.each([
    [[{ ...entry, guarantee: "init.nothing" }], /entry 0 names the guarantee init\.nothing/],
    [[{ ...entry, clause: "fires" }], /entry 0 names the clause fires, which init\.succeeds has not: it has returns/],
    [[{ ...entry, until: "soon" }], /known\.json holds no expectations: entry 0/],
    [[{ ...entry, more: 1 }], /holds no expectations/],
    [{}, /holds no expectations/],
  ])("that cannot be are errors of one line (%#)", (value, message) => {
    expect(() => parse(value)).toThrow(message);
    expect(() => parse(value)).not.toThrow(/\n/);
  });
});
