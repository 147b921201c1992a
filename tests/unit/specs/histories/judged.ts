/**
 * What every clause of the catalogue says of each history by hand, as the files of `judged/` have it: a clause is
 * broken as well where it says something of a history that is none of its business, or nothing of one that is.
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { Reading } from "../../../../specs/checks/reading.ts";
import { DIVERGENCES } from "../../../../specs/divergences.ts";
import type { ClockBound, Guarantee, Violation } from "../../../../specs/guarantee.ts";
import type { WrittenHistory } from "./histories.ts";
import { historyOf } from "./notation/history-text.ts";

const FOLDER = new URL("./judged/", import.meta.url);
/** Firings are written down a little after they are due. */
const CLOCK: ClockBound = { kind: "virtual", latenessNs: 2_000_000 };

/** A line for each clause that says something of a history, by the clause's name. */
export type Judged = ReadonlyMap<string, string>;

/** `start.fires/fires: exercised 2, late in step 4 by 3000000 ns`. */
export function judge(catalogue: readonly Guarantee[], text: string): Judged {
  const reading = new Reading(historyOf(text));
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

/** What is different from what is said of another history; `: nothing` of a clause that had something to say there. */
function differences(judged: Judged, from: Judged): string[] {
  const changed = [...judged].filter(([name, line]) => from.get(name) !== line).map(([, line]) => line);
  const silent = [...from.keys()].filter((name) => !judged.has(name)).map((name) => `${name}: nothing`);
  return [...changed, ...silent].sort();
}

const titleOf = ({ clause, expectation, words }: WrittenHistory): string =>
  expectation === "holds" ? `== ${clause}` : `-- ${clause} ${expectation}: ${words}`;

/** A history with its title, and with what judges it: of a variant what differs from what is said of its base. */
export interface Entry {
  title: string;
  file: string;
  judge(): string[];
}

/** The histories in their order; a variant stands behind the history that it changes. */
export function entriesOf(catalogue: readonly Guarantee[], histories: readonly WrittenHistory[]): Entry[] {
  return histories.map((history, at) => {
    const base = histories.slice(0, at).findLast(({ expectation }) => expectation === "holds");
    const isVariant = history.expectation !== "holds" && base !== undefined;
    return {
      title: titleOf(history),
      file: history.place.replace(/:.*$/, ""),
      judge: () => differences(judge(catalogue, history.text), isVariant ? judge(catalogue, base.text) : new Map()),
    };
  });
}

/** The lines that the files of `judged/` have for each title. */
export async function loadJudged(): Promise<ReadonlyMap<string, readonly string[]>> {
  const judged = new Map<string, string[]>();
  for (const file of (await readdir(FOLDER)).sort()) {
    let lines: string[] = [];
    for (const line of (await readFile(new URL(file, FOLDER), "utf8")).trimEnd().split("\n")) {
      if (!/^(==|--) /.test(line)) lines.push(line.trim());
      else {
        lines = [];
        judged.set(line, lines);
      }
    }
  }
  return judged;
}

/** Writes the files of `judged/` anew. */
export async function writeJudged(entries: readonly Entry[]): Promise<void> {
  for (const file of new Set(entries.map((entry) => entry.file))) {
    const own = entries.filter((entry) => entry.file === file);
    const text = own.map((entry) => [entry.title, ...entry.judge().map((line) => `  ${line}`)].join("\n"));
    await writeFile(new URL(file, FOLDER), `${text.join("\n")}\n`);
  }
}
