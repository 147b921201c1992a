/** What the eBPF Docs page of bpf_timer_set_callback adds to the kernel's own text; two seeds are this very page. */
import { placesIn, type Sentence, type SourceText } from "./sentence.ts";

export const PAGE_SET_CALLBACK: SourceText = {
  document: "ebpf-docs/bpf_timer_set_callback",
  sections: {
    Tag: 1,
    Introduction: 1,
    Definition: 1,
    Returns: 5,
    Signature: 2,
    "Program types": 1,
    Example: 1,
  },
};

export const PAGE_SET_CALLBACK_SENTENCES: readonly Sentence[] = [
  {
    id: "page.set-callback.since",
    places: placesIn([["ebpf-docs/bpf_timer_set_callback", "Tag"]]),
    paraphrase: "The helper came with Linux 5.15.",
    guarantees: ["set-callback.succeeds"],
    untestable: "That earlier kernels lack it is not judged: no guarantee applies there.",
  },
  {
    id: "page.set-callback.introduction",
    places: placesIn([["ebpf-docs/bpf_timer_set_callback", "Introduction"]]),
    paraphrase: "The helper gives a timer its callback.",
    guarantees: ["set-callback.succeeds", "set-callback.arguments"],
  },
  {
    id: "page.set-callback.callback-signature",
    places: placesIn([["ebpf-docs/bpf_timer_set_callback", "Signature"]], 2),
    paraphrase: "The callback is a static function that takes the map, the key and the value and returns an int.",
    guarantees: ["set-callback.arguments", "set-callback.returns-zero"],
  },
  {
    id: "page.set-callback.program-types",
    places: placesIn([["ebpf-docs/bpf_timer_set_callback", "Program types"]]),
    paraphrase: "Programs of the listed types may call the helper.",
    guarantees: ["program-types.set-callback", "program-types.allowed"],
  },
  {
    id: "page.set-callback.example",
    places: placesIn([["ebpf-docs/bpf_timer_set_callback", "Example"]]),
    paraphrase:
      "A cgroup_skb program initializes, sets, starts and cancels the timer of an array element it has just updated.",
    guarantees: ["example.set-callback"],
  },
];
