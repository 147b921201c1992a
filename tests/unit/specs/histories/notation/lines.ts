/** The lines of a history written as text: what each says, with what result, when and on which CPU, and what is indented under it. */

/** What is wrong with a text, and in which line. */
export class HistoryTextError extends Error {}

export interface Line {
  /** Where it stands, from 1; and the whole line, for messages. */
  number: number;
  text: string;
  /** What is done: the words before the result. */
  words: string;
  /** The words behind `=`. */
  result: string | undefined;
  /** The words between quotation marks. */
  message: string | undefined;
  /** Behind `@`, nanoseconds since the history's beginning. */
  timeNs: number | undefined;
  /** Behind `on cpu`. */
  cpu: number | undefined;
  children: Line[];
}

export const failAt = ({ number, text }: Pick<Line, "number" | "text">, reason: string): HistoryTextError =>
  new HistoryTextError(`line ${number}, "${text.trim()}": ${reason}`);

const UNIT_NS = { ns: 1, us: 1_000, ms: 1_000_000, s: 1_000_000_000 } as const;

/** A length of time, `20ms`, in nanoseconds; undefined for other words. */
export function durationNs(words: string): number | undefined {
  const [, number, unit] = /^(\d+(?:\.\d+)?)(ns|us|ms|s)$/.exec(words) ?? [];
  return unit === undefined ? undefined : Math.round(Number(number) * UNIT_NS[unit as keyof typeof UNIT_NS]);
}

/** Takes what a pattern matches out of a text. */
function take(text: string, pattern: RegExp): { rest: string; found: string | undefined } {
  const match = pattern.exec(text);
  return match === null ? { rest: text, found: undefined } : { rest: text.replace(match[0], ""), found: match[1] };
}

function lineOf(text: string, number: number): Line {
  const quoted = take(text, /"([^"]*)"/);
  const uncommented = quoted.rest.replace(/(^|\s)#.*$/, "");
  const timed = take(uncommented, /\s@\s*(\S+)/);
  const placed = take(timed.rest, /\son cpu(\d+)/);
  const [words = "", ...results] = placed.rest.split(/\s=\s/).map((part) => part.trim().replace(/\s+/g, " "));
  const timeNs = timed.found === undefined ? undefined : durationNs(timed.found);
  const line = { number, text, words, result: results[0], message: quoted.found, timeNs, children: [] };
  if (results.length > 1) throw failAt(line, "it has more than one result");
  if (timed.found !== undefined && timeNs === undefined) throw failAt(line, `${timed.found} is no time`);
  return { ...line, cpu: placed.found === undefined ? undefined : Number(placed.found) };
}

/**
 * Reads a text into its outermost lines, each with those indented deeper below it. Empty lines and comments (`# …`) are
 * left out.
 * @throws {HistoryTextError} where a line cannot be read
 */
export function readLines(text: string): Line[] {
  const outermost: Line[] = [];
  const open: { indent: number; children: Line[] }[] = [{ indent: -1, children: outermost }];
  text.split("\n").forEach((each, index) => {
    if (/^\s*(#.*)?$/.test(each)) return;
    const line = lineOf(each, index + 1);
    const indent = each.search(/\S/);
    while ((open.at(-1)?.indent ?? -1) >= indent) open.pop();
    open.at(-1)?.children.push(line);
    open.push({ indent, children: line.children });
  });
  return outermost;
}
