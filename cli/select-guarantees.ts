/** Guarantees by glob over their ids. */
import type { Guarantee } from "../specs/guarantee.ts";
import { nearest } from "./nearest.ts";
import { UsageError } from "./usage-error.ts";

const SUGGESTIONS = 3;

/** `*` stands for any characters, `?` for one; everything else for itself. */
function globPattern(glob: string): RegExp {
  const source = glob
    .replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&")
    .replaceAll("\\*", ".*")
    .replaceAll("\\?", ".");
  return new RegExp(`^${source}$`, "s");
}

/**
 * The guarantees that a glob matches, in the catalogue's order; all of them where there is no glob.
 * @throws {UsageError} where a glob matches none; the message lists ids that look like it
 */
export function selectGuarantees(catalogue: readonly Guarantee[], globs: readonly string[]): readonly Guarantee[] {
  if (globs.length === 0) return catalogue;
  const ids = catalogue.map(({ id }) => id);
  const patterns = globs.map(globPattern);
  for (const glob of globs) {
    const pattern = globPattern(glob);
    if (ids.some((id) => pattern.test(id))) continue;
    const near = nearest(glob.replaceAll(/[*?]/g, ""), ids, SUGGESTIONS, glob.endsWith("*")).join(", ");
    throw new UsageError(`no guarantee matches "${glob}"; near it: ${near} (timerconf list shows all)`);
  }
  return catalogue.filter(({ id }) => patterns.some((pattern) => pattern.test(id)));
}
