/** What the eBPF Docs page of bpf_timer_start adds to the kernel's own text. */
import { placesIn, type Sentence, type SourceText } from "./sentence.ts";

export const PAGE_START: SourceText = {
  document: "ebpf-docs/bpf_timer_start",
  sections: {
    Tag: 1,
    Introduction: 1,
    Definition: 12,
    "Definition, flags": 3,
    Returns: 2,
    Signature: 1,
    "Program types": 1,
    Example: 1,
  },
};

export const PAGE_START_SENTENCES: readonly Sentence[] = [
  {
    id: "page.start.since",
    places: placesIn([["ebpf-docs/bpf_timer_start", "Tag"]]),
    paraphrase: "The helper came with Linux 5.15.",
    guarantees: ["start.succeeds"],
    untestable: "That earlier kernels lack it is not judged: no guarantee applies there.",
  },
  {
    id: "page.start.introduction",
    places: placesIn([["ebpf-docs/bpf_timer_start", "Introduction"]]),
    paraphrase: "The helper starts a timer.",
    guarantees: ["start.succeeds", "start.fires"],
  },
  {
    id: "page.start.program-types",
    places: placesIn([["ebpf-docs/bpf_timer_start", "Program types"]]),
    paraphrase: "Programs of the listed types may call the helper.",
    guarantees: ["program-types.start"],
  },
  {
    id: "page.start.example",
    places: placesIn([["ebpf-docs/bpf_timer_start", "Example"]]),
    paraphrase:
      "A cgroup_skb program initializes, sets, starts and cancels the timer of an array element it has just updated.",
    guarantees: ["example.set-callback"],
  },
];
