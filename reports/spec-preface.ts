/** What a reader of the reference has to know first. */
import type { Verdict } from "../conformance/results.ts";
import { type Block, heading, paragraph, table } from "./spec-blocks.ts";

/** What each verdict means, in a sentence. */
const MEANINGS: Record<Verdict, string> = {
  holds: "Every case that reached the precondition kept the promise, and at least one reached it.",
  violated: "A case broke the promise, and no recorded divergence explains it.",
  "known-divergence": "The kernel differs from the documentation in the way that is recorded here.",
  "not-exercised": "No case reached the precondition. This never counts as a pass.",
  "not-applicable": "The kernel is older than the promise.",
  error: "The runtime could not say: it died, complained, or lost a part of what it saw.",
};

/** What this is, and how its verdicts came about. */
export const specPreface = (): Block[] => [
  heading(1, "What the BPF timer helpers promise", "top"),
  paragraph(
    "This is the reference of the Linux BPF timer helpers, ",
    { code: "bpf_timer_init" },
    ", ",
    { code: "bpf_timer_set_callback" },
    ", ",
    { code: "bpf_timer_start" },
    ", ",
    { code: "bpf_timer_cancel" },
    " and the kfunc ",
    { code: "bpf_timer_cancel_async" },
    ": each promise that their documentation makes, as a guarantee with an id that does not change, and what real kernels made of it. It is generated from the catalogue and from the reports of runs; to change it, change those and run ",
    { code: "npm run spec" },
    ".",
  ),
  paragraph(
    "A guarantee has a generator of cases that reach its precondition and a check. A case is compiled to BPF bytecode once, and the same bytes run on every runtime; the programs log each helper's return value and each callback with its time, and the check reads that log. That a check can fail is shown too: each guarantee names deliberate faults of an emulator that violate it.",
  ),
  heading(2, "Verdicts", "verdicts"),
  table(
    ["verdict", "meaning"],
    Object.entries(MEANINGS).map(([verdict, meaning]) => [[{ verdict: verdict as Verdict }], [meaning]]),
  ),
  paragraph(
    "Behind a verdict, n/m says that of m cases n reached the precondition. Where a runtime was run with several seeds, the counts are sums and the worst verdict stands.",
  ),
  paragraph("How to cite a guarantee is said in ", { to: "CITING.md", text: "CITING.md" }, "."),
];
