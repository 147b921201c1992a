import { describe, expect, it } from "vitest";
import { runExitCode } from "../../../cli/run-exit-code.ts";
import {
  type GuaranteeResult,
  RESULTS_SCHEMA_VERSION,
  type Results,
  type RuntimeResult,
  type Verdict,
} from "../../../conformance/results.ts";
import { resultOf } from "../reports/sample.ts";

const result = (verdict: Verdict): GuaranteeResult =>
  resultOf({ guarantee: "g", runtime: "r", verdict, cases: 1, exercised: 1 });
const runtime = (name: string, status: RuntimeResult["status"]): RuntimeResult => ({
  name,
  version: "",
  status,
  drawn: [],
});
const results = (verdicts: Verdict[], runtimes = [runtime("emulator", "ran")], complete = true): Results => ({
  schemaVersion: RESULTS_SCHEMA_VERSION,
  seed: 0,
  complete,
  runtimes,
  results: verdicts.map(result),
});
const NO_KERNEL = [runtime("emulator", "ran"), runtime("kernel:6.1", "unavailable")];

describe("runExitCode", () => {
  it.each([
    ["all hold", results(["holds", "known-divergence", "not-applicable"]), false, false, 0],
    ["a violation", results(["holds", "violated"]), false, false, 1],
    ["nothing exercised", results(["not-exercised"]), false, false, 1],
    ["an error", results(["error"]), false, false, 1],
    ["an unsaved report", results(["violated"]), false, true, 2],
    ["no kernel", results(["holds"], NO_KERNEL), false, false, 0],
    ["no kernel, though required", results(["holds"], NO_KERNEL), true, false, 3],
    ["a violation and no kernel", results(["violated"], NO_KERNEL), true, false, 1],
    ["no runtime at all", results([], [runtime("kernel", "unavailable")]), false, false, 3],
    ["an interruption", results(["violated"], [runtime("kernel", "stopped")], false), false, true, 130],
  ])("%s", (_, found, requireKernel, unsaved, code) => {
    expect(runExitCode(found, { requireKernel, unsaved })).toBe(code);
  });

  it("fails for a divergence that is gone only where it is to be strict", () => {
    const gone = { ...results([]), results: [{ ...result("holds"), gone: ["g"] }] };
    expect(runExitCode(gone, {})).toBe(0);
    expect(runExitCode(gone, { strict: true })).toBe(1);
  });
});
