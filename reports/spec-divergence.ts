/** A known divergence: its name, the kernels that have it, and how it reads. */
import { KERNEL_SERIES } from "../harness/kernel/series.ts";
import { isAtLeast, parseRelease } from "../scenario/release.ts";
import type { Divergence } from "../specs/divergences.ts";
import { prose, type Text } from "./spec-blocks.ts";

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

/** What is claimed, what happens, why, and where: the items of a list. */
export const divergenceItems = (divergence: Divergence): Text[] => [
  [{ strong: "Claim:" }, " ", ...prose(divergence.claim)],
  [{ strong: "What happens:" }, " ", ...prose(divergence.happens)],
  [{ strong: "What decides it:" }, " ", ...prose(divergence.because)],
  [{ strong: "Versions:" }, ` ${releasesText(divergence)}; seen on ${divergence.seenOn.join(", ")}.`],
];
