/** Colours, for those who can see them. */

/** What a piece of text is, not how it looks. */
export type Style = "good" | "bad" | "odd" | "quiet" | "title";

/** Gives text the look of a style. */
export type Paint = (style: Style, text: string) => string;

/** The SGR codes that turn a style on. */
const SGR: Record<Style, string> = { good: "32", bad: "1;31", odd: "33", quiet: "2", title: "1" };

/** Text as it is. */
export const plain: Paint = (_, text) => text;

/** Text with terminal colours. */
export const coloured: Paint = (style, text) => `\u001b[${SGR[style]}m${text}\u001b[0m`;

/** Colours on a terminal, unless NO_COLOR asks for none (https://no-color.org: set, and not empty). */
export function paintFor(isTTY: boolean, env: Readonly<Record<string, string | undefined>>): Paint {
  const refused = env.NO_COLOR !== undefined && env.NO_COLOR !== "";
  return isTTY && !refused ? coloured : plain;
}
