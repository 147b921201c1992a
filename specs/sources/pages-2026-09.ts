/**
 * What the eBPF Docs of September 2026 say of a timer that was cancelled, beyond the pages as they were read before.
 * The pages themselves were not to be had: this is what the change that documents it says of itself.
 */
import { placesIn, type Sentence, type SourceText } from "./sentence.ts";

const CANCEL = "ebpf-docs/bpf_timer_cancel@2026-09";
const START = "ebpf-docs/bpf_timer_start@2026-09";
const SET_CALLBACK = "ebpf-docs/bpf_timer_set_callback@2026-09";
const TIMERS = "ebpf-docs/timers@2026-09";

const NOTE = "Only what isovalent/ebpf-docs#294 added, as that change describes it.";

export const PAGES_2026_09: readonly SourceText[] = [
  { document: TIMERS, sections: { "Re-scheduling": 1 }, note: NOTE },
  { document: SET_CALLBACK, sections: { Usage: 2 }, note: NOTE },
  { document: START, sections: { Returns: 1 }, note: NOTE },
  { document: CANCEL, sections: { Usage: 3 }, note: NOTE },
];

export const PAGES_2026_09_SENTENCES: readonly Sentence[] = [
  {
    id: "page.timers-later.cycle",
    places: placesIn([[TIMERS, "Re-scheduling"]]),
    paraphrase: "A timer can be cancelled and started again, over and over.",
    guarantees: ["cancel.restart"],
  },
  {
    id: "page.set-callback-later.again",
    places: placesIn([[SET_CALLBACK, "Usage"]], 1),
    paraphrase: "The callback has to be set again once the timer was cancelled.",
    guarantees: ["set-callback.after-cancel", "start.after-cancel", "cancel.restart"],
  },
  {
    id: "page.set-callback-later.no-init",
    places: placesIn([[SET_CALLBACK, "Usage"]], 2),
    paraphrase: "No other bpf_timer_init is needed for that.",
    guarantees: ["set-callback.after-cancel", "cancel.restart"],
  },
  {
    id: "page.start-later.cancelled",
    places: placesIn([[START, "Returns"]]),
    paraphrase: "It returns -EINVAL also for a timer that was cancelled and has been given no callback since.",
    guarantees: ["start.after-cancel"],
  },
  {
    id: "page.cancel-later.callback",
    places: placesIn([[CANCEL, "Usage"]], 1),
    paraphrase: "Cancelling takes the timer's callback away, and gives the reference of its program back.",
    guarantees: ["start.after-cancel", "set-callback.releases-program"],
  },
  {
    id: "page.cancel-later.initialized",
    places: placesIn([[CANCEL, "Usage"]], 2),
    paraphrase: "The timer stays initialized.",
    guarantees: ["init.after-cancel", "set-callback.after-cancel", "cancel.restart"],
  },
  {
    id: "page.cancel-later.again",
    places: placesIn([[CANCEL, "Usage"]], 3),
    paraphrase: "To be armed again it needs bpf_timer_set_callback before bpf_timer_start.",
    guarantees: ["start.after-cancel", "cancel.restart"],
  },
];
