/** What the eBPF Docs page of bpf_timer_cancel adds to the kernel's own text. */
import { placesIn, type Sentence, type SourceText } from "./sentence.ts";

export const PAGE_CANCEL: SourceText = {
  document: "ebpf-docs/bpf_timer_cancel",
  sections: {
    Tag: 1,
    Introduction: 1,
    Definition: 1,
    Returns: 4,
    Signature: 1,
    "Program types": 1,
    Example: 1,
  },
};

export const PAGE_CANCEL_SENTENCES: readonly Sentence[] = [
  {
    id: "page.cancel.since",
    places: placesIn([["ebpf-docs/bpf_timer_cancel", "Tag"]]),
    paraphrase: "The helper came with Linux 5.15.",
    guarantees: ["cancel.active"],
    untestable: "That earlier kernels lack it is not judged: no guarantee applies there.",
  },
  {
    id: "page.cancel.introduction",
    places: placesIn([["ebpf-docs/bpf_timer_cancel", "Introduction"]]),
    paraphrase: "The helper cancels a timer that is pending.",
    guarantees: ["cancel.active", "cancel.stops-firing"],
  },
  {
    id: "page.cancel.program-types",
    places: placesIn([["ebpf-docs/bpf_timer_cancel", "Program types"]]),
    paraphrase: "Programs of the listed types may call the helper.",
    guarantees: ["program-types.cancel"],
  },
  {
    id: "page.cancel.example",
    places: placesIn([["ebpf-docs/bpf_timer_cancel", "Example"]]),
    paraphrase:
      "A cgroup_skb program initializes, sets, starts and cancels the timer of an array element it has just updated.",
    guarantees: ["example.set-callback"],
  },
];
