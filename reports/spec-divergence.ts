/** A known divergence: its name, the kernels that have it, and how it reads. */
import { KERNEL_SERIES } from "../harness/kernel/series.ts";
import { isAtLeast, parseRelease } from "../scenario/release.ts";
import type { Divergence } from "../specs/divergences.ts";
import { prose, type Text } from "./spec-blocks.ts";

/** What a finding is called: its guarantee, and from the second of that guarantee on a number. */
export function findingId(divergence: Divergence, all: readonly Divergence[]): string {
  const siblings = all.filter(({ guarantee }) => guarantee === divergence.guarantee);
  const index = siblings.indexOf(divergence);
  return index <= 0 ? divergence.guarantee : `${divergence.guarantee}-${index + 1}`;
}

/** The kernel that most people have, which is the first choice to show anything on. */
export const USUAL_SERIES = "6.12";

/** A series that has the divergence: one that can be had, if possible. */
export function seriesShowing({ since, until }: Pick<Divergence, "since" | "until">): string {
  const shows = (series: string): boolean => {
    const release = parseRelease(series);
    return isAtLeast(release, since) && (until === undefined || !isAtLeast(release, until));
  };
  return [USUAL_SERIES, ...KERNEL_SERIES.map(({ series }) => series)].find(shows) ?? since;
}

/** The releases it is on, `Linux 5.15 and later` or `Linux 5.15 to before 6.4`. */
const releasesText = ({ since, until }: Divergence): string =>
  until === undefined ? `Linux ${since} and later` : `Linux ${since} to before ${until}`;

/** What a result gives as the reason of a verdict that is this divergence. */
export const divergenceReason = ({ claim, happens, because }: Divergence): string => `${claim} ${happens} ${because}`;

/** What it is called for people: its title, or what happens. */
export const divergenceTitle = ({ title, happens }: Divergence): string => title ?? happens;

/** What is claimed, what happens, why, and where: the items of a list. */
export const divergenceItems = (divergence: Divergence): Text[] => [
  [{ strong: "Claim:" }, " ", ...prose(divergence.claim)],
  [{ strong: "What happens:" }, " ", ...prose(divergence.happens)],
  [{ strong: "What decides it:" }, " ", ...prose(divergence.because)],
  [{ strong: "Versions:" }, ` ${releasesText(divergence)}.`],
];
