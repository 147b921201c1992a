/** The documents whose promises are encoded here. */
export const DOCUMENTS = {
  "ebpf-docs/bpf_timer_init": "eBPF Docs, helper function bpf_timer_init",
  "ebpf-docs/bpf_timer_init@earlier": "eBPF Docs, helper function bpf_timer_init, an earlier version",
  "ebpf-docs/bpf_timer_set_callback": "eBPF Docs, helper function bpf_timer_set_callback",
  "ebpf-docs/bpf_timer_start": "eBPF Docs, helper function bpf_timer_start",
  "ebpf-docs/bpf_timer_cancel": "eBPF Docs, helper function bpf_timer_cancel",
  "ebpf-docs/bpf_timer_cancel@2026-09": "eBPF Docs, September 2026, helper function bpf_timer_cancel",
  "ebpf-docs/bpf_timer_start@2026-09": "eBPF Docs, September 2026, helper function bpf_timer_start",
  "ebpf-docs/bpf_timer_set_callback@2026-09": "eBPF Docs, September 2026, helper function bpf_timer_set_callback",
  "ebpf-docs/timers@2026-09": "eBPF Docs, September 2026, concept page on timers",
  "ebpf-docs/bpf_timer_cancel_async": "eBPF Docs, kfunc bpf_timer_cancel_async",
  "ebpf-docs/timers": "eBPF Docs, concept page on timers",
  "uapi/bpf_timer_init": "include/uapi/linux/bpf.h, comment on bpf_timer_init",
  "uapi/bpf_timer_set_callback": "include/uapi/linux/bpf.h, comment on bpf_timer_set_callback",
  "uapi/bpf_timer_start": "include/uapi/linux/bpf.h, comment on bpf_timer_start",
  "uapi/bpf_timer_cancel": "include/uapi/linux/bpf.h, comment on bpf_timer_cancel",
  "linux/kernel/bpf/arraymap.c": "Linux, kernel/bpf/arraymap.c",
  "linux/kernel/bpf/btf.c": "Linux, kernel/bpf/btf.c",
  "linux/kernel/bpf/hashtab.c": "Linux, kernel/bpf/hashtab.c",
  "linux/kernel/bpf/helpers.c": "Linux, kernel/bpf/helpers.c",
  "linux/kernel/bpf/verifier.c": "Linux, kernel/bpf/verifier.c",
  "linux/kernel/bpf/inode.c": "Linux, kernel/bpf/inode.c",
  "linux/kernel/panic.c": "Linux, kernel/panic.c",
  "linux/kernel/bpf/syscall.c": "Linux, kernel/bpf/syscall.c",
  "linux/kernel/time/hrtimer.c": "Linux, kernel/time/hrtimer.c",
} as const;

export type SourceId = keyof typeof DOCUMENTS;

/** What a cited document is called. */
export const titleOf = (citation: { document: SourceId } | { document: string; title: string }): string =>
  "title" in citation ? citation.title : DOCUMENTS[citation.document];
