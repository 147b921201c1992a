/** What somebody may have meant. */

/** Insertions, deletions and substitutions that make one word out of another. */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [i, one] of [...from].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...to].entries()) {
      const substituted = (row[j] ?? 0) + (one === other ? 0 : 1);
      next.push(Math.min(substituted, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}

/**
 * The `count` candidates that are spelt most like a word, the nearest first. With `isPrefix` the word is only how they
 * begin, and what comes after makes none of them farther.
 */
export function nearest(word: string, candidates: readonly string[], count: number, isPrefix = false): string[] {
  const ranked = candidates.map((candidate) => ({
    candidate,
    far: distance(word, isPrefix ? candidate.slice(0, word.length) : candidate),
  }));
  return ranked
    .sort((a, b) => a.far - b.far)
    .slice(0, count)
    .map(({ candidate }) => candidate);
}
