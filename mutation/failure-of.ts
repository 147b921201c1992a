/** Enough of a failure to see what broke. */
const CHARACTERS_MAX = 300;

/** What a failed test says. */
export const failureOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error)).slice(0, CHARACTERS_MAX);
