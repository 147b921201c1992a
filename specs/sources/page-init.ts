/** What the eBPF Docs page of bpf_timer_init adds to the kernel's own text; the seed is an earlier version of it. */
import { placesIn, type Sentence, type SourceText } from "./sentence.ts";

export const PAGE_INIT: SourceText = {
  document: "ebpf-docs/bpf_timer_init",
  sections: {
    Tag: 1,
    Introduction: 1,
    Definition: 5,
    Returns: 6,
    Signature: 1,
    "Program types": 1,
    Example: 1,
  },
};

export const PAGE_INIT_EARLIER: SourceText = {
  document: "ebpf-docs/bpf_timer_init@earlier",
  sections: { Tag: 1, Introduction: 1, Definition: 5, Returns: 6, Signature: 1, "Program types": 2 },
  note: "Its list of program types has neither netfilter nor struct_ops.",
};

export const PAGE_INIT_SENTENCES: readonly Sentence[] = [
  {
    id: "page.init.since",
    places: placesIn([
      ["ebpf-docs/bpf_timer_init", "Tag"],
      ["ebpf-docs/bpf_timer_init@earlier", "Tag"],
    ]),
    paraphrase: "The helper came with Linux 5.15.",
    guarantees: ["init.succeeds"],
    untestable: "That earlier kernels lack it is not judged: no guarantee applies there.",
  },
  {
    id: "page.init.introduction",
    places: placesIn([
      ["ebpf-docs/bpf_timer_init", "Introduction"],
      ["ebpf-docs/bpf_timer_init@earlier", "Introduction"],
    ]),
    paraphrase: "The helper initializes a timer.",
    guarantees: ["init.succeeds"],
  },
  {
    id: "page.init.program-types",
    places: placesIn([
      ["ebpf-docs/bpf_timer_init", "Program types"],
      ["ebpf-docs/bpf_timer_init@earlier", "Program types"],
    ]),
    paraphrase: "Programs of the listed types may call the helper.",
    guarantees: ["program-types.init", "program-types.allowed", "program-types.unlisted"],
  },
  {
    id: "page.init.tracing-excluded",
    places: [{ document: "ebpf-docs/bpf_timer_init@earlier", section: "Program types", sentence: 2 }],
    paraphrase: "In a comment in the page's source: the verifier keeps tracing programs from using timers.",
    guarantees: ["program-types.unlisted"],
    untestable:
      "The same list names BPF_PROG_TYPE_TRACING as allowed. What the verifier excludes are kprobe, tracepoint, perf_event and raw tracepoint programs, which no list has.",
  },
  {
    id: "page.init.example",
    places: placesIn([["ebpf-docs/bpf_timer_init", "Example"]]),
    paraphrase:
      "A cgroup_skb program initializes, sets, starts and cancels the timer of an array element it has just updated.",
    guarantees: ["example.set-callback", "verifier.map-types-allowed"],
  },
];
