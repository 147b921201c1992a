/** Known divergences: where a kernel does not do what its documentation says, on which releases, and why. */
import type { Violation } from "./guarantee.ts";
import { isAtLeast, type KernelRelease } from "./version.ts";

export interface Divergence {
  guarantee: string;
  /** Which violations it explains: those with one of these subjects. */
  subjects: readonly string[];
  /** The first release that differs, and the first that no longer does. */
  since: string;
  until?: string;
  /** What the documentation says, what happens instead, and what in the kernel decides it. */
  claim: string;
  happens: string;
  because: string;
}

export const DIVERGENCES: readonly Divergence[] = [
  {
    guarantee: "set-callback.no-user-reference",
    subjects: ["-EINVAL"],
    since: "5.15",
    claim: "bpf_timer_set_callback returns -EPERM for a timer in a map without user references.",
    happens: "It returns -EINVAL.",
    because:
      "When a map loses its last user reference, map_release_uref (array_map_free_timers, htab_map_free_timers) frees every timer in it before the descriptor's close returns. bpf_timer_set_callback looks for the timer first and for user references second, and finds no timer. -EPERM is left for the moment in which another CPU is releasing the last reference.",
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
