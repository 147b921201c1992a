/** A catalogue of one's own, one file of it. docs/LIBRARY.md says how it is used. */
import { cancel, run, setCallback } from "bpf-timer-conformance/build";
import { callsReturn } from "bpf-timer-conformance/checks";
import { oneTimer, readyTimer, timerScenario } from "bpf-timer-conformance/generators";

/** @type {import("bpf-timer-conformance").Guarantee[]} */
export default [
  {
    id: "own.cancel-keeps-timer",
    citations: [{ document: "own/timers", title: "How our runtime treats timers", place: "section 2" }],
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
];
