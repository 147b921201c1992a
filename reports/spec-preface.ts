/** What a reader of the reference has to know first. */
import type { Verdict } from "../conformance/results.ts";
import { type Block, heading, paragraph, table } from "./spec-blocks.ts";

/** What each verdict means, in a sentence. */
const MEANINGS: Record<Verdict, string> = {
  holds: "Every case kept the promise, and as many as should reached each clause.",
  violated: "A case, be it of this guarantee or of another, broke a clause, and no recorded divergence explains it.",
  "known-divergence": "The kernel differs from the documentation in the way that is recorded here.",
  "not-exercised": "Fewer cases reached a clause than should. This never counts as a pass.",
  "not-applicable": "The kernel is older than the promise, or the runtime has not the processors that it speaks of.",
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
    "A guarantee is made of clauses, each of which can be false on its own, and has a generator of cases that reach them. A case is compiled to BPF bytecode once, and the same bytes run on every runtime; the programs log each helper's return value and each callback with its time. Every trace is judged by the checks of all guarantees, whichever drew the case. That a check can fail is shown too: each clause names deliberate faults of an emulator that break it.",
  ),
  heading(2, "Verdicts", "verdicts"),
  table(
    ["verdict", "meaning"],
    Object.entries(MEANINGS).map(([verdict, meaning]) => [[{ verdict: verdict as Verdict }], [meaning]]),
  ),
  paragraph(
    "Behind a verdict, n/m says that of m cases drawn for the guarantee n reached every clause; the number of all traces is that of the cases, of every guarantee, which it has judged. A verdict names the clauses that it comes from. Where a runtime was run with several seeds, the counts are sums and the worst verdict stands.",
  ),
  paragraph("How to cite a guarantee is said in ", { to: "CITING.md", text: "CITING.md" }, "."),
];
