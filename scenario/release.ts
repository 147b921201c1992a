/** Kernel releases, "6.12", as numbers that compare. */
export interface KernelRelease {
  major: number;
  minor: number;
  /** The kernel was built from a tree between two releases: it may hold changes of the next one. */
  between?: true;
}

/**
 * What `uname -r` says behind the version of a kernel that was built between two releases: a release candidate, commits
 * or changes behind a tag (scripts/setlocalversion), or linux-next.
 */
const BETWEEN = /-rc\d|-next-|-\d+-g[0-9a-f]+|-dirty|\+$/;

/** @throws {RangeError} where the text is no release */
export function parseRelease(text: string): KernelRelease {
  const match = /^(\d+)\.(\d+)/.exec(text);
  if (match === null) throw new RangeError(`"${text}" is no kernel release such as 6.12`);
  return { major: Number(match[1]), minor: Number(match[2]) };
}

/**
 * What `uname -r` says of a kernel; undefined where it begins with no version. Of a stable release, x.y.z with z from 1
 * on, it is taken that it holds nothing of the next: what is added to one is seldom BPF.
 */
export function parseUname(text: string): KernelRelease | undefined {
  const match = /^(\d+)\.(\d+)(?:\.(\d+))?(.*)$/.exec(text);
  if (match === null) return undefined;
  const [, major, minor, patch = "0", rest = ""] = match;
  const release: KernelRelease = { major: Number(major), minor: Number(minor) };
  return Number(patch) === 0 && BETWEEN.test(rest) ? { ...release, between: true } : release;
}

/** Whether a kernel is the named release or a later one. */
export function isAtLeast(kernel: KernelRelease, release: string): boolean {
  const { major, minor } = parseRelease(release);
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}

/**
 * Whether a kernel may hold the changes of the named release: it is that one or a later one, or was built on the way to
 * it. What follows x.y is x.(y+1) or (x+1).0: no number says which.
 */
export function mayHold(kernel: KernelRelease, release: string): boolean {
  if (isAtLeast(kernel, release)) return true;
  const { major, minor } = parseRelease(release);
  const isNextMinor = major === kernel.major && minor === kernel.minor + 1;
  const isNextMajor = major === kernel.major + 1 && minor === 0;
  return kernel.between === true && (isNextMinor || isNextMajor);
}
