/**
 * What every clause of the catalogue says of each history by hand, as the files of `judged/` have it, and which clauses
 * notice where an observation in it is made wrong, as those of `noticed/` have it. A clause is broken as well where it
 * says something of a history that is none of its business, or nothing of one that is.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { corruptionsOf } from "../../../../conformance/audit/corruptions.ts";
import { toCase } from "../../../../conformance/cases.ts";
import { type History, readHistory } from "../../../../scenario/history.ts";
import { Reading } from "../../../../specs/checks/reading.ts";
import { DIVERGENCES } from "../../../../specs/divergences.ts";
import type { ClockBound, Guarantee, Violation } from "../../../../specs/guarantee.ts";
import type { WrittenHistory } from "./histories.ts";
import { historyOf } from "./notation/history-text.ts";

/** Firings are written down a little after they are due. */
const CLOCK: ClockBound = { kind: "virtual", latenessNs: 2_000_000 };

/** A line for each clause that says something of a history, by the clause's name. */
export type Judged = ReadonlyMap<string, string>;

/** `start.fires/fires: exercised 2, late in step 4 by 3000000 ns`. */
function judge(catalogue: readonly Guarantee[], history: History): Judged {
  const reading = new Reading(history);
  const judged = new Map<string, string>();
  for (const { id, clauses } of catalogue)
    for (const { name, check } of clauses) {
      const { exercised, violations } = check(reading, CLOCK);
      const words = (violation: Violation): string => {
        const { subject, at, lateByNs } = violation;
        const isRecorded = DIVERGENCES.some(
          ({ guarantee, clause, shows }) => guarantee === id && clause === name && shows(violation, reading, CLOCK),
        );
        const late = lateByNs === undefined ? "" : ` by ${lateByNs} ns`;
        return `${subject} in step ${at}${late}${isRecorded ? " as recorded" : ""}`;
      };
      if (exercised > 0 || violations.length > 0)
        judged.set(
          `${id}/${name}`,
          `${id}/${name}: ${[`exercised ${exercised}`, ...violations.map(words)].join(", ")}`,
        );
    }
  return judged;
}

/** The corruptions of a history: of each kind the first there is, and the last. */
const PICKS: readonly ((count: number) => number)[] = [() => 0, (count) => count - 1];

/** `start.once/once: exercised 12, firing doubled 2`: all corruptions together, and how many of a kind are violations. */
function notice(catalogue: readonly Guarantee[], { scenario, trace }: History): Judged {
  const item = toCase(scenario);
  const readings = PICKS.flatMap((pick) => corruptionsOf(item, trace, pick)).map(({ kind, trace: wrong }) => ({
    kind,
    reading: new Reading(readHistory(scenario, item.compiled, wrong)),
  }));
  const noticed = new Map<string, string>();
  for (const { id, clauses } of catalogue)
    for (const { name, check } of clauses) {
      let exercised = 0;
      const kinds = new Map<string, number>();
      for (const { kind, reading } of readings) {
        const judgement = check(reading, CLOCK);
        exercised += judgement.exercised;
        if (judgement.violations.length > 0) kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
      }
      const counts = [...kinds].map(([kind, count]) => `${kind} ${count}`);
      if (kinds.size > 0) noticed.set(`${id}/${name}`, `${id}/${name}: exercised ${exercised}, ${counts.join(", ")}`);
    }
  return noticed;
}

/** What is different from what is said of another history; `: nothing` of a clause that had something to say there. */
function differences(judged: Judged, from: Judged): string[] {
  const changed = [...judged].filter(([name, line]) => from.get(name) !== line).map(([, line]) => line);
  const silent = [...from.keys()].filter((name) => !judged.has(name)).map((name) => `${name}${NOTHING}`);
  return [...changed, ...silent].sort();
}

const NOTHING = ": nothing";
const nameIn = (line: string): string => line.replace(/: .*$/, "");

/** The other way round. */
function changed(from: Judged, lines: readonly string[]): Judged {
  const judged = new Map(from);
  for (const line of lines) {
    if (line.endsWith(NOTHING)) judged.delete(nameIn(line));
    else judged.set(nameIn(line), line);
  }
  return judged;
}

/** A history, and what every clause says of it. */
export interface Entry {
  /** `callback.txt` and `== callback.stays-on-cpu/cpu`: the file and the head that it has in `judged/`. */
  file: string;
  head: string;
  /** A variant is written as what differs from the history before it that is none. */
  isVariant: boolean;
  judge(): Judged;
  /** What every clause says of it with an observation made wrong. */
  notice(): Judged;
}

export const entryOf = (
  catalogue: readonly Guarantee[],
  history: History,
  named: Pick<Entry, "file" | "head" | "isVariant">,
): Entry => ({ ...named, judge: () => judge(catalogue, history), notice: () => notice(catalogue, history) });

/** The histories by hand, in their order. */
export const entriesOf = (catalogue: readonly Guarantee[], histories: readonly WrittenHistory[]): Entry[] =>
  histories.map(({ clause, expectation, words, place, text }) =>
    entryOf(catalogue, historyOf(text), {
      file: place.replace(/:.*$/, ""),
      head: expectation === "holds" ? `== ${clause}` : `-- ${clause} ${expectation}: ${words}`,
      isVariant: expectation !== "holds",
    }),
  );

/** What the files of a folder have, by file and head. */
async function loadJudged(folder: URL): Promise<ReadonlyMap<string, Judged>> {
  const judged = new Map<string, Judged>();
  for (const file of (await readdir(folder)).sort()) {
    let base: Judged = new Map();
    for (const section of (await readFile(new URL(file, folder), "utf8")).trimEnd().split(/\n(?=[=-])/)) {
      const [head = "", ...lines] = section.split("\n").map((line) => line.trim());
      const own = changed(head.startsWith("==") ? new Map() : base, lines);
      if (head.startsWith("==")) base = own;
      judged.set(`${file} ${head}`, own);
    }
  }
  return judged;
}

/** Writes the files of a folder anew. */
async function writeJudged(
  folder: URL,
  entries: readonly Entry[],
  judgeEntry: (entry: Entry) => Judged,
): Promise<void> {
  for (const file of new Set(entries.map((entry) => entry.file))) {
    let base: Judged = new Map();
    const sections = entries
      .filter((entry) => entry.file === file)
      .map((entry) => {
        const judged = judgeEntry(entry);
        const lines = differences(judged, entry.isVariant ? base : new Map());
        if (!entry.isVariant) base = judged;
        return [entry.head, ...lines.map((line) => `  ${line}`)].join("\n");
      });
    await writeFile(new URL(file, folder), `${sections.join("\n")}\n`);
  }
}

const nameOf = ({ file, head }: Entry): string => `${file} ${head}`;

/**
 * Registers tests that every clause says of each history, and of it with something made wrong, what the files of
 * `judged/` and `noticed/` beside `base` have; with UPDATE_JUDGED=1 they are written anew first.
 */
export async function testJudged(base: string, entries: readonly Entry[]): Promise<void> {
  const subjects = [
    { folder: new URL("./judged/", base), about: entries, say: (entry: Entry) => entry.judge() },
    {
      folder: new URL("./noticed/", base),
      about: entries.filter(({ isVariant }) => !isVariant),
      say: (entry: Entry) => entry.notice(),
    },
  ];
  for (const { folder, about, say } of subjects) {
    if (process.env.UPDATE_JUDGED === "1") await writeJudged(folder, about, say);
    const written = await loadJudged(folder);

    test.each(about)("every clause says what is written of $file $head", (entry) => {
      expect(Object.fromEntries(say(entry))).toEqual(Object.fromEntries(written.get(nameOf(entry)) ?? []));
    });

    test("nothing is kept of histories that are gone, and no head is there twice", () => {
      expect([...written.keys()].sort()).toEqual(about.map(nameOf).sort());
    });
  }
}
