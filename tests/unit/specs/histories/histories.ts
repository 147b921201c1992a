/**
 * The files of histories: for each clause one that holds, and what has to differ for it to be violated, and for it to
 * say nothing. README.md of this folder describes them.
 */
import { readdir, readFile } from "node:fs/promises";

export type Expectation = "holds" | "violated" | "not exercised";

export interface WrittenHistory {
  /** `start.fires/fires`. */
  clause: string;
  expectation: Expectation;
  /** Of a violation: what is seen, one of the subjects it has to have. */
  subject: string | undefined;
  /** What it shows, in a line. */
  words: string;
  text: string;
  /** `start.txt:17`. */
  place: string;
}

const TITLE = /^== (\S+\/\S+)(?:, from (\S+\/\S+))?$/;
const VARIANT = /^-- (violated|not exercised)(?:, ([^:]+))?: (.*)$/;

interface Section {
  head: string;
  at: number;
  lines: string[];
}

/** Cuts a file at its titles and the heads of variants; comments stand before the first title or begin with `#`. */
function sectionsOf(text: string): Section[] {
  const sections: Section[] = [];
  text.split("\n").forEach((line, index) => {
    if (/^(==|--) /.test(line)) sections.push({ head: line, at: index + 1, lines: [] });
    else if (!line.startsWith("#")) sections.at(-1)?.lines.push(line);
  });
  return sections;
}

/** A line without its comment and without what only makes columns. */
const squeezed = (line: string): string =>
  line
    .replace(/\s#.*$/, "")
    .trimEnd()
    .replace(/(\S)\s+/g, "$1 ");

/** Applies a run of lines, each kept, taken out (`-`) or put in (`+`), where it fits. */
function applyHunk(base: readonly string[], hunk: readonly string[], place: string): string[] {
  const body = (line: string): string => squeezed(line.slice(1));
  const before = hunk.filter((line) => !line.startsWith("+")).map(body);
  const fits = base
    .map((_, at) => at)
    .filter((at) => before.every((line, offset) => squeezed(base[at + offset] ?? "").slice(1) === line));
  const [at, ...others] = before.length === 0 ? [] : fits;
  if (at === undefined || others.length > 0)
    throw new Error(`${place}: "${hunk.join(" / ")}" fits ${fits.length} places of the history, not one`);
  const after = hunk.filter((line) => !line.startsWith("-")).map((line) => ` ${line.slice(1)}`);
  return [...base.slice(0, at), ...after, ...base.slice(at + before.length)];
}

/** What a section's lines make of a history: themselves, or the history changed as a patch says. */
function variantOf(base: readonly string[], lines: readonly string[], place: string): string[] {
  if (!lines.some((line) => /^[-+]/.test(line))) return [...lines];
  const hunks: string[][] = [[]];
  for (const line of lines) {
    if (line.trim() === "") hunks.push([]);
    else hunks.at(-1)?.push(line);
  }
  return hunks.filter((hunk) => hunk.length > 0).reduce((text, hunk) => applyHunk(text, hunk, place), [...base]);
}

/**
 * Reads one file.
 * @throws {Error} where a head cannot be read, or a patch does not fit
 */
export function readHistories(text: string, file: string): WrittenHistory[] {
  const histories: WrittenHistory[] = [];
  const bases = new Map<string, string[]>();
  let clause = "";
  for (const { head, at, lines } of sectionsOf(text)) {
    const place = `${file}:${at}`;
    const [, title, from] = TITLE.exec(head) ?? [];
    const [, kind, subject, words = ""] = VARIANT.exec(head) ?? [];
    if (title === undefined && kind === undefined)
      throw new Error(`${place}: "${head}" is neither a title nor a variant`);
    if (title !== undefined) clause = title;
    const base = bases.get(title === undefined ? clause : (from ?? ""));
    if (base === undefined && (title === undefined || from !== undefined))
      throw new Error(`${place}: the history it changes is not written before it`);
    const history = variantOf(base ?? [], lines, place);
    if (title !== undefined)
      bases.set(clause, history.length === 0 || history.every((line) => line.trim() === "") ? (base ?? []) : history);
    const expectation = title === undefined ? (kind as Expectation) : "holds";
    const whole = title === undefined ? history : (bases.get(clause) ?? []);
    histories.push({ clause, expectation, subject, words, text: whole.join("\n"), place });
  }
  return histories;
}

/** Every history of this folder. */
export async function loadHistories(): Promise<WrittenHistory[]> {
  const folder = new URL("./", import.meta.url);
  const files = (await readdir(folder)).filter((name) => name.endsWith(".txt")).sort();
  const texts = await Promise.all(files.map((file) => readFile(new URL(file, folder), "utf8")));
  return texts.flatMap((text, index) => readHistories(text, files[index] ?? ""));
}
