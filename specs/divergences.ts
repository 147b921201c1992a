/** Known divergences: where a kernel does not do what its documentation says, on which releases, and why. */

import { isAtLeast, type KernelRelease } from "../scenario/release.ts";
import type { Violation } from "./guarantee.ts";

export interface Divergence {
  guarantee: string;
  /** Which violations it explains: those with one of these subjects. */
  subjects: readonly string[];
  /** The first release that differs, and the first that no longer does. */
  since: string;
  until?: string;
  /** The finding in a line, as a heading. */
  title?: string;
  /** What the documentation says, what happens instead, and what in the kernel decides it. */
  claim: string;
  happens: string;
  because: string;
}

export const DIVERGENCES: readonly Divergence[] = [
  {
    guarantee: "set-callback.no-user-reference",
    title: "bpf_timer_set_callback returns -EINVAL and not -EPERM for a map without user references",
    subjects: ["-EINVAL"],
    since: "5.15",
    claim: "bpf_timer_set_callback returns -EPERM for a timer in a map without user references.",
    happens: "It returns -EINVAL.",
    because:
      "When a map loses its last user reference, map_release_uref (array_map_free_timers, htab_map_free_timers) frees every timer in it before the descriptor's close returns. bpf_timer_set_callback looks for the timer first and for user references second, and finds no timer. -EPERM is left for the moment in which another CPU is releasing the last reference; in 7.2 __bpf_async_set_callback does not look for user references any more.",
  },
  {
    guarantee: "start.absolute-realtime",
    title: "Absolute timers on CLOCK_REALTIME run on CLOCK_MONOTONIC",
    subjects: ["late"],
    since: "6.4",
    claim:
      "With BPF_F_TIMER_ABS the nanoseconds are an expiry on the clock that bpf_timer_init was given, CLOCK_REALTIME included.",
    happens:
      "On a CLOCK_REALTIME timer they are taken for CLOCK_MONOTONIC: an expiry in real time comes decades late, and a monotonic one at its monotonic time.",
    because:
      "bpf_timer_init initializes the hrtimer as HRTIMER_MODE_REL_SOFT whatever the later start will say. For a relative timer __hrtimer_init (__hrtimer_setup in later releases) replaces CLOCK_REALTIME by CLOCK_MONOTONIC, and bpf_timer_start with HRTIMER_MODE_ABS_SOFT arms it on that base.",
  },
  {
    guarantee: "set-callback.releases-program",
    title: "A timer that has fired still keeps its program loaded",
    subjects: ["fired"],
    since: "5.15",
    claim: "Programs stay loaded until all timers that call back into them have fired or are cancelled.",
    happens:
      "A timer that has fired keeps its program loaded: the program goes only once the timer is cancelled, is freed with its element or its map, or gets a callback of another program.",
    because:
      "bpf_timer_set_callback takes the reference, and drop_prog_refcnt (bpf_async_update_prog_callback since 7.0) drops it, which bpf_timer_cancel and bpf_timer_cancel_and_free call. bpf_timer_cb, which runs when the timer expires, does not: the callback may start its timer again.",
  },
  {
    guarantee: "program-types.unlisted",
    title: "Tracing programs may use timers since 7.0, and no page lists them",
    subjects: ["kprobe", "tracepoint", "perf-event", "raw-tracepoint", "raw-tracepoint-writable"],
    since: "7.0",
    claim: "The pages of the four helpers list the program types that can call them; these types are on none.",
    happens: "Programs of these types may use maps with timers and call all four helpers.",
    because:
      "Up to 6.19 check_map_prog_compatibility refused a program of these types (is_tracing_prog_type) any map with a timer. 7.0 made the helpers safe in any context, by deferring to an irq_work what cannot be done with interrupts off, and took that refusal away; bpf_base_func_proto had offered the helpers to these types all along.",
  },
];

/** The divergence that explains a violation on a kernel of this release, if one is recorded. */
export function explain(
  guarantee: string,
  violation: Violation,
  linux: KernelRelease | undefined,
): Divergence | undefined {
  if (linux === undefined) return undefined;
  return DIVERGENCES.find(
    (entry) =>
      entry.guarantee === guarantee &&
      entry.subjects.includes(violation.subject) &&
      isAtLeast(linux, entry.since) &&
      (entry.until === undefined || !isAtLeast(linux, entry.until)),
  );
}
