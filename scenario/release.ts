/** Kernel releases, "6.12", as numbers that compare. */
export interface KernelRelease {
  major: number;
  minor: number;
}

/** @throws {RangeError} where the text is no release */
export function parseRelease(text: string): KernelRelease {
  const match = /^(\d+)\.(\d+)/.exec(text);
  if (match === null) throw new RangeError(`"${text}" is no kernel release such as 6.12`);
  return { major: Number(match[1]), minor: Number(match[2]) };
}

/** Whether a kernel is the named release or a later one. */
export function isAtLeast(kernel: KernelRelease, release: string): boolean {
  const { major, minor } = parseRelease(release);
  return kernel.major > major || (kernel.major === major && kernel.minor >= minor);
}
