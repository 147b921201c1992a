/** Hand-made results and cases for the tests of reports. */
import type { Counterexample } from "../../../conformance/counterexample.ts";
import { type GuaranteeResult, RESULTS_SCHEMA_VERSION, type Results } from "../../../conformance/results.ts";
import { SIMPLE_MAP } from "../../../generators/map.ts";
import { callback, init, lookup, program, run, scenario, setCallback } from "../../../scenario/build.ts";
import { compile } from "../../../scenario/compile.ts";
import type { CompiledScenario } from "../../../scenario/compiled-scenario.ts";
import type { Scenario } from "../../../scenario/scenario.ts";
import type { StepResult, Trace } from "../../../scenario/trace.ts";

type Made = Pick<GuaranteeResult, "guarantee" | "runtime" | "verdict" | "cases" | "exercised"> & { reason?: string };

/** A result of a guarantee with one clause. */
export function resultOf(made: Made): GuaranteeResult {
  const { verdict, cases, exercised } = made;
  const bad = { violated: Number(verdict === "violated"), excused: verdict === "known-divergence" ? exercised : 0 };
  const counts = { exercised, ...bad };
  const clause = { name: "keeps", verdict, own: counts, all: counts, excuses: [], lateOnce: 0 };
  return { ...made, traces: cases, clauses: [clause], gone: [] };
}

export const RESULTS: Results = {
  schemaVersion: RESULTS_SCHEMA_VERSION,
  seed: 7,
  complete: true,
  runtimes: [
    { name: "emulator", version: "6.12", status: "ran", drawn: [] },
    { name: "kernel:6.1", version: "6.1.0-40", status: "ran", drawn: [] },
    {
      name: "kernel:6.18",
      version: "",
      status: "unavailable",
      reason: "QEMU is missing: apt-get install qemu",
      drawn: [],
    },
  ],
  results: [
    resultOf({ guarantee: "init.succeeds", runtime: "emulator", verdict: "holds", cases: 100, exercised: 100 }),
    resultOf({
      guarantee: "init.other",
      runtime: "emulator",
      verdict: "violated",
      cases: 9,
      exercised: 8,
      reason: "it loaded",
    }),
    resultOf({
      guarantee: "init.succeeds",
      runtime: "kernel:6.1",
      verdict: "known-divergence",
      cases: 9,
      exercised: 9,
      reason: "It differs.",
    }),
  ],
};

/** Two inits of one timer, and a callback. */
export const TWICE: Scenario = scenario(
  [SIMPLE_MAP],
  [program([lookup(0, 0), init(0, 1), init(0, 1), setCallback(0)], [callback()])],
  [run()],
);

export const saved = (from: Scenario): CompiledScenario => ({
  ...compile(from),
  origin: { scenario: from, guarantee: "init.already-initialized", runtimes: ["emulator"], seed: 7 },
});

const record = (site: number, value: number) => ({ site, cpu: 0, timeNs: 2_500, value, aux: 0 });
const step = (records: StepResult["records"] = []): StepResult => ({ result: 0, timeNs: 500, records });

/** A trace of TWICE in which the second init gives `second`. */
export const traceOfTwice = (second: number): Trace => ({
  format: "bpf-timer-conformance/trace",
  version: 1,
  steps: [step(), step(), { ...step([record(0, 1), record(1, 0), record(2, second), record(3, 0)]), returnValue: 0 }],
  droppedRecords: 0,
  complaints: [],
});

export function counterexample(): Counterexample {
  const compiled = saved(TWICE);
  const trace = traceOfTwice(0);
  const violation = { at: 2, expected: "bpf_timer_init returns -EBUSY", observed: "it returned 0", subject: "0" };
  const { expected, observed } = violation;
  return {
    guarantee: "init.already-initialized",
    runtime: "emulator",
    compiled: { ...compiled, origin: { ...compiled.origin, scenario: TWICE, expected, observed } },
    outcome: { kind: "trace", trace },
    verdict: { kind: "violated", violation },
    repeats: true,
  };
}
