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
  /** The clause that promises the contrary: where a kernel does not do what is documented, one of the two is broken. */
  against: string | undefined;
  /** What it shows, in a line. */
  words: string;
  text: string;
  /** `start.txt:17`. */
  place: string;
}

const NAME = "([^\\s,]+\\/[^\\s,]+)";
const TITLE = new RegExp(`^== ${NAME}(?:, from ${NAME})?(?:, against ${NAME})?$`);
const VARIANT = /^-- (?:(violated), ([^:]+)|(not exercised)): (.*)$/;

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

interface Entry {
  clause: string;
  against: string | undefined;
  base: string[];
}

/** The entry that a title begins, with the history that holds. */
function entryOf(
  [, clause = "", from, against]: RegExpExecArray,
  section: Section,
  before: Entry[],
  place: string,
): Entry {
  const base = before.find((entry) => entry.clause === from)?.base;
  if (from !== undefined && base === undefined) throw new Error(`${place}: ${from} is not written before it`);
  const isWritten = section.lines.some((line) => line.trim() !== "");
  return { clause, against, base: isWritten ? variantOf(base ?? [], section.lines, place) : (base ?? []) };
}

/**
 * Reads one file.
 * @throws {Error} where a head cannot be read, or a patch does not fit
 */
export function readHistories(text: string, file: string): WrittenHistory[] {
  const histories: WrittenHistory[] = [];
  const entries: Entry[] = [];
  for (const section of sectionsOf(text)) {
    const place = `${file}:${section.at}`;
    const title = TITLE.exec(section.head);
    const variant = VARIANT.exec(section.head);
    if (title !== null) entries.push(entryOf(title, section, entries, place));
    const entry = entries.at(-1);
    if (entry === undefined || (title ?? variant) === null)
      throw new Error(`${place}: "${section.head}" is neither a title nor a variant`);
    const [, violated, subject, other, words = ""] = variant ?? [];
    const kind = violated ?? other ?? "holds";
    const lines = title === null ? variantOf(entry.base, section.lines, place) : entry.base;
    const { clause, against } = entry;
    histories.push({
      clause,
      against,
      expectation: kind as Expectation,
      subject,
      words,
      text: lines.join("\n"),
      place,
    });
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
