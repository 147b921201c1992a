/** An example: one guarantee, as a file of `specs/guarantees/` holds it. docs/ADDING-A-GUARANTEE.md walks through it. */

import { oneTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import { cancel, run, setCallback } from "../../scenario/build.ts";
import { callsReturn } from "../../specs/checks/calls.ts";
import type { Guarantee } from "../../specs/guarantee.ts";

export default [
  {
    id: "example.cancel-keeps-timer",
    citations: [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_timer_cancel" }],
    since: "5.15",
    undocumented: true,
    scenarios: oneTimer().map((timer) =>
      timerScenario(timer, [readyTimer(timer, [cancel(), setCallback(0)])], [run()]),
    ),
    clauses: [
      {
        name: "returns",
        words: "A cancelled timer stays initialized: bpf_timer_set_callback gives it a callback again, and returns 0.",
        check: callsReturn("timer-set-callback", 0, ({ timer }) => timer.initialized && timer.cancelled),
        faults: ["set-callback-fails"],
      },
    ],
  },
] satisfies Guarantee[];
