/** Faults of what is observed: records that are lost or out of order, and complaints of the kernel. */
import type { StepResult } from "../../../scenario/trace.ts";
import type { Faults } from "./fault.ts";

export const observationFaults = {
  "records-out-of-order": {
    summary: "the last record of a step is observed first",
    observed: (trace) => ({
      ...trace,
      steps: trace.steps.map(
        (step): StepResult => ({ ...step, records: [...step.records.slice(-1), ...step.records.slice(0, -1)] }),
      ),
    }),
  },
  complains: {
    summary: "the kernel prints a warning of itself",
    observed: (trace) => ({
      ...trace,
      complaints: [...trace.complaints, "WARNING: CPU: 0 PID: 1 at kernel/time/hrtimer.c:1 hrtimer_start"],
    }),
  },
} as const satisfies Faults;
