/** Which suites of Debian hold a cloud kernel of which series; and `-rt`, a real-time one (PREEMPT_RT). */

const RT_SUFFIX = "-rt";

export interface KernelSeries {
  /** `6.12`: what stands behind `kernel:`. */
  series: string;
  /** Where to look, in this order: the first suite that has one gives its newest. */
  suites: readonly string[];
}

const VERSIONS: readonly KernelSeries[] = [
  { series: "5.10", suites: ["bullseye-security", "bullseye"] },
  { series: "6.1", suites: ["bookworm-security", "bookworm"] },
  { series: "6.12", suites: ["bookworm-security", "trixie"] },
  { series: "6.16", suites: ["trixie-backports"] },
  { series: "6.17", suites: ["trixie-backports"] },
  { series: "6.18", suites: ["trixie-backports"] },
  { series: "6.19", suites: ["trixie-backports"] },
  { series: "7.0", suites: ["trixie-backports"] },
  { series: "7.1", suites: ["trixie-backports"] },
  { series: "7.2", suites: ["trixie-backports", "forky", "sid"] },
  { series: "7.3", suites: ["trixie-backports"] },
];

/** A suite that has a cloud kernel has a real-time one of the same version. */
export const KERNEL_SERIES: readonly KernelSeries[] = VERSIONS.flatMap((entry) => [
  entry,
  { ...entry, series: `${entry.series}${RT_SUFFIX}` },
]);

export const DEFAULT_SERIES = "6.1";
const FIRST_WITH_TIMERS = "5.15";

/** The entry of a series, or undefined. */
export function findSeries(series: string): KernelSeries | undefined {
  return KERNEL_SERIES.find((entry) => entry.series === series);
}

/**
 * The series of a release: `6.12` of `6.12.117+deb12-cloud-amd64`, `6.1-rt` of `6.1.0-56-rt-amd64`; undefined where it
 * does not begin like one.
 */
export function seriesOf(release: string): string | undefined {
  const number = /^\d+\.\d+/.exec(release)?.[0];
  return number === undefined ? undefined : `${number}${release.includes("-rt-") ? RT_SUFFIX : ""}`;
}

/** Whether a release is an ordinary kernel that has BPF timers: what somebody who just says `kernel` means. */
export function isOrdinary(release: string): boolean {
  const series = seriesOf(release);
  return series !== undefined && !series.endsWith(RT_SUFFIX) && compareVersions(series, FIRST_WITH_TIMERS) >= 0;
}

/** Orders version texts the way people read them: numbers by value. Negative where `left` is the older. */
export function compareVersions(left: string, right: string): number {
  return left.localeCompare(right, "en", { numeric: true });
}

/**
 * Matches the names of the packages that hold a cloud (or real-time) kernel of the series: up to 6.18 `linux-image-*`,
 * then `linux-binary-*`. The metapackage `linux-image-6.12-cloud-amd64` is none of them.
 */
export function packagePattern(series: string): string {
  const [number = series, flavour = "cloud"] = series.split("-");
  return `^linux-(image|binary)-${number.replace(".", "\\.")}[.+].*-${flavour}-amd64$`;
}

/**
 * The package to take: `linux-binary-*` where there is one, since the image package beside it is then empty; of those
 * the one of the newest version.
 */
export function choosePackage<P extends { name: string; version: string }>(packages: readonly P[]): P | undefined {
  const rank = (name: string) => (name.startsWith("linux-binary-") ? 1 : 0);
  return [...packages].sort((a, b) => rank(a.name) - rank(b.name) || compareVersions(a.version, b.version)).at(-1);
}
