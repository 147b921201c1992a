import { describe, expect, test } from "vitest";
import { differenceFrom, expectedOf, UNMET } from "../../../../conformance/vectors/fits.ts";
import type { Expected, ExpectedRecord, ExpectedStep, Vector } from "../../../../conformance/vectors/format.ts";
import { type LogRecord, TRACE_FORMAT, TRACE_VERSION, type Trace } from "../../../../scenario/trace.ts";

const record = (site: number, rest: Partial<LogRecord> = {}): LogRecord => ({
  site,
  cpu: 0,
  timeNs: 50,
  value: 0,
  aux: 0,
  ...rest,
});

const trace = (records: LogRecord[], rest: Partial<Trace["steps"][number]> = {}): Trace => ({
  format: TRACE_FORMAT,
  version: TRACE_VERSION,
  steps: [
    { result: 0, timeNs: 10, records: [] },
    { result: 0, timeNs: 100, records, ...rest },
  ],
  droppedRecords: 0,
  complaints: [],
});

const way = (records: ExpectedRecord[], rest: Partial<ExpectedStep> = {}): Expected => ({
  linux: [{ from: "5.15", to: "7.3" }],
  flags: [],
  steps: [
    { result: 0, records: [] },
    { result: 0, records, ...rest },
  ],
});

const fits = (expected: ExpectedRecord[], came: LogRecord[]): boolean =>
  differenceFrom([way(expected)], trace(came)) === undefined;

describe("records", () => {
  const two: ExpectedRecord[] = [
    { site: 1, value: 0 },
    { site: 2, value: 0 },
  ];

  test("come in their order, all of them and no others", () => {
    expect(fits(two, [record(1), record(2)])).toBe(true);
    expect(fits(two, [record(2), record(1)])).toBe(false);
    expect(fits(two, [record(1)])).toBe(false);
    expect(fits(two, [record(1), record(2), record(2)])).toBe(false);
  });

  test("come in any order where none has to be before", () => {
    const free = [two[0], { ...two[1], after: [] }] as ExpectedRecord[];
    expect(fits(free, [record(2), record(1)])).toBe(true);
    expect(fits(free, [record(2), record(2)])).toBe(false);
  });

  test("may be missing where they are optional, and what follows does not wait for them", () => {
    const optional = [{ site: 1, value: 0, optional: true }, two[1]] as ExpectedRecord[];
    expect(fits(optional, [record(2)])).toBe(true);
    expect(fits(optional, [record(1), record(2)])).toBe(true);
    expect(fits(optional, [record(1)])).toBe(false);
  });

  test("are not early", () => {
    const late: ExpectedRecord[] = [{ site: 1, value: 0, notBefore: { step: 0, ns: 40 } }];
    expect(fits(late, [record(1)])).toBe(true);
    expect(fits(late, [record(1, { timeNs: 49 })])).toBe(false);
  });

  test.each([
    ["value", { value: -22 }],
    ["aux", { aux: 256 }],
    ["cpu", { cpu: 1 }],
  ])("are compared by %s where it is given", (member, other) => {
    const given: ExpectedRecord[] = [{ site: 1, value: 0, aux: 0, cpu: 0 }];
    expect(fits(given, [record(1)])).toBe(true);
    expect(fits(given, [record(1, other)])).toBe(false);
    if (member !== "value") expect(fits([{ site: 1, value: 0 }], [record(1, other)])).toBe(true);
  });
});

describe("a step", () => {
  const result = (allowed: ExpectedStep["result"], came: number): boolean =>
    differenceFrom([way([], { result: allowed })], trace([], { result: came })) === undefined;

  test("gives one of what is allowed", () => {
    expect([result(0, 0), result(0, 1)]).toEqual([true, false]);
    expect([result([-22, -1], -1), result([-22, -1], 0)]).toEqual([true, false]);
    expect([result("refused", -13), result("refused", 0)]).toEqual([true, false]);
    expect(result("any", 7)).toBe(true);
  });

  test("reads what the pattern says, once or for each processor", () => {
    const reads = (value: string, came: string): boolean =>
      differenceFrom([way([], { value })], trace([], { value: came })) === undefined;
    expect([reads("2a..", "2a07"), reads("2a..", "2b07"), reads("2a..", "2a0700")]).toEqual([true, false, false]);
    expect([reads("(2a..)+", "2a072a08"), reads("(2a..)+", "2a072b08")]).toEqual([true, false]);
  });

  test("tells nothing more where its precondition is not met", () => {
    const ways = [way([], { result: 0, precondition: true })];
    expect(differenceFrom(ways, trace([]))).toBeUndefined();
    expect(differenceFrom(ways, trace([], { result: -1 }))).toBe(UNMET);
  });

  test("is described where it differs", () => {
    expect(differenceFrom([way([])], trace([], { result: -22 }))).toBe("step 1: its result is -EINVAL, expected is 0");
  });
});

test("one of several ways is enough", () => {
  const ways = [way([{ site: 1, value: 0 }]), way([])];
  expect(differenceFrom(ways, trace([]))).toBeUndefined();
  expect(differenceFrom(ways, trace([record(2)]))).toContain("expected are [0 at site 1]");
});

test("a kernel that complains is not what is expected", () => {
  expect(differenceFrom([way([])], { ...trace([]), complaints: ["WARNING: no"] })).toContain("WARNING: no");
});

test("each release has its own ways, and what is newer than all has the newest's", () => {
  const old: Expected = { ...way([]), linux: [{ from: "5.15", to: "6.3" }] };
  const recent: Expected = { ...way([]), linux: [{ from: "6.4", to: "7.3" }] };
  const vector = { expected: [recent, old] } as unknown as Vector;
  const of = (major: number, minor: number) => expectedOf(vector, { major, minor });
  expect([of(6, 1), of(6, 12), of(9, 0), of(5, 10)]).toEqual([[old], [recent], [recent], []]);
  expect(expectedOf(vector, undefined)).toEqual([recent]);
});
