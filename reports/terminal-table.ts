/** The table of a run: guarantees down, runtimes across, and beneath it what the cells alone cannot say. */
import Table from "cli-table3";
import {
  type GuaranteeResult,
  isVerdict,
  type Results,
  type RuntimeResult,
  type Verdict,
} from "../conformance/results.ts";
import { VERDICTS } from "../conformance/verdicts.ts";
import { BARE_TABLE, tableLines } from "./bare-table.ts";
import { firstLine, labelled, TEXT_WIDTH } from "./indent.ts";
import { type Paint, plain, type Style } from "./paint.ts";

/** How each verdict looks. */
export const STYLES: Record<Verdict, Style> = {
  violated: "bad",
  error: "bad",
  "not-exercised": "odd",
  "known-divergence": "odd",
  "not-applicable": "quiet",
  holds: "good",
};

/** The reasons that cells refer to, each once, numbered from 1 in order of appearance. */
export class Footnotes {
  readonly #reasons: string[] = [];

  mark(reason: string | undefined): string {
    if (reason === undefined || reason === "") return "";
    const text = firstLine(reason);
    if (!this.#reasons.includes(text)) this.#reasons.push(text);
    return `[${this.#reasons.indexOf(text) + 1}]`;
  }

  lines(): string[] {
    return this.#reasons.flatMap((reason, index) => labelled(`[${index + 1}] `, reason, TEXT_WIDTH));
  }
}

interface Cell {
  verdict: Verdict;
  word: string;
  count: string;
}

/** Which clauses a verdict comes from, where there are others: ` (fires)`. */
export function clauseWord({ verdict, clauses }: GuaranteeResult): string {
  if (verdict === "holds" || clauses.length < 2) return "";
  const names = clauses.filter((clause) => clause.verdict === verdict).map(({ name }) => name);
  return names.length === 0 ? "" : ` (${names.join(", ")})`;
}

function cellOf(result: GuaranteeResult, footnotes: Footnotes): Cell {
  const { verdict, cases, exercised, reason } = result;
  const mark = footnotes.mark(reason);
  const count = verdict === "not-applicable" ? "" : `${exercised}/${cases}`;
  const word = `${verdict}${clauseWord(result)}`;
  return { verdict, word: mark === "" ? word : `${word} ${mark}`, count };
}

/** In how many cases what is known or expected was seen, and what came late only once. */
function excuseLines({ results }: Results): string[] {
  return results.flatMap(({ guarantee, runtime, cases, traces, clauses }) =>
    clauses.flatMap(({ excuses, lateOnce }) => [
      ...excuses.map(
        ({ kind, name, own, all }) =>
          `${kind} ${name} on ${runtime}: seen in ${own} of ${cases} own cases, ${all} of all ${traces} traces`,
      ),
      ...(lateOnce === 0
        ? []
        : [`${guarantee} on ${runtime}: late in ${lateOnce} of ${cases} cases, and not when they were run again`]),
    ]),
  );
}

/** What is recorded of a kernel and no longer shows on it. */
export const goneLines = ({ results }: Results, paint: Paint): string[] =>
  results.flatMap(({ runtime, gone, cases }) =>
    gone.map((id) =>
      paint("odd", `divergence-gone: ${id} is recorded for ${runtime}, and none of ${cases} cases shows it`),
    ),
  );

/** How much a runtime that lacks something was not asked: cases, and clauses of guarantees that were judged all the same. */
function leftOutLines({ runtimes, results }: Results): string[] {
  return runtimes.flatMap(({ name }) => {
    const own = results.filter(({ runtime }) => runtime === name);
    const reasons = own.flatMap(({ leftOut }) => (leftOut === undefined ? [] : [leftOut]));
    if (reasons.length === 0) return [];
    const cases = reasons.reduce((sum, each) => sum + each.cases, 0);
    const total = cases + own.reduce((sum, each) => sum + each.cases, 0);
    const clauses = own
      .filter(({ verdict }) => verdict !== "not-applicable")
      .flatMap((each) => each.clauses.filter(({ verdict }) => verdict === "not-applicable"));
    const [most] = [...reasons].sort((one, other) => other.cases - one.cases);
    const unasked = clauses.length === 0 ? "" : `, and ${clauses.length} clauses of guarantees that were judged`;
    return [`not asked: ${cases} of ${total} cases${unasked}; for example, ${most?.reason}`];
  });
}

/** A column's cells with verdicts and counts each under one another. */
function columnTexts(cells: readonly (Cell | undefined)[], paint: Paint): string[] {
  const widest = (part: "word" | "count"): number => Math.max(0, ...cells.map((cell) => cell?.[part].length ?? 0));
  const [wordWidth, countWidth] = [widest("word"), widest("count")];
  return cells.map((cell) => {
    if (cell === undefined) return paint("quiet", "-");
    return `${paint(STYLES[cell.verdict], cell.word)}${" ".repeat(wordWidth - cell.word.length)}  ${cell.count.padStart(countWidth)}`;
  });
}

function table({ results }: Results, footnotes: Footnotes, paint: Paint): string[] {
  const guarantees = [...new Set(results.map(({ guarantee }) => guarantee))];
  const runtimes = [...new Set(results.map(({ runtime }) => runtime))];
  if (guarantees.length === 0) return [];
  const byCell = new Map(results.map((result) => [JSON.stringify([result.guarantee, result.runtime]), result]));
  // Row by row, so that footnotes are numbered in the order they are read in.
  const rows = guarantees.map((guarantee) =>
    runtimes.map((runtime) => {
      const result = byCell.get(JSON.stringify([guarantee, runtime]));
      return result === undefined ? undefined : cellOf(result, footnotes);
    }),
  );
  const columns = runtimes.map((_, index) =>
    columnTexts(
      rows.map((row) => row[index]),
      paint,
    ),
  );
  const drawn = new Table({
    ...BARE_TABLE,
    head: ["guarantee", ...runtimes].map((title) => paint("title", title)),
  });
  drawn.push(...guarantees.map((guarantee, at) => [guarantee, ...columns.map((column) => column[at] ?? "")]));
  return [...tableLines(drawn), ""];
}

/** What each runtime turned out to be, or why it was not run. */
export function runtimeLines(runtimes: readonly RuntimeResult[], paint: Paint): string[] {
  const width = Math.max(0, ...runtimes.map(({ name }) => name.length));
  return runtimes.flatMap(({ name, version, status, reason }) => {
    const label = `${name.padEnd(width)}  `;
    if (status === "ran") return [`${label}${version}`];
    const text = [version, reason === undefined ? status : `${status}: ${reason}`].filter((part) => part !== "");
    return labelled(label, text.join(", "), TEXT_WIDTH).map((line) => paint("odd", line));
  });
}

/** How many cells have each verdict, worst first: `1 violated, 33 holds`. */
export function tally({ results }: Results, paint: Paint): string {
  const parts = VERDICTS.flatMap((verdict) => {
    const count = results.filter((result) => result.verdict === verdict).length;
    return count === 0 ? [] : [paint(STYLES[verdict], `${count} ${verdict}`)];
  });
  return parts.join(", ");
}

export interface TerminalTableOptions {
  /** Where the results were saved. */
  file?: string | undefined;
  paint?: Paint;
}

/** The table of a run, its footnotes, the runtimes and, in the last line, the seed. */
export function terminalTable(all: Results, { file, paint = plain }: TerminalTableOptions = {}): string {
  const results = { ...all, results: all.results.filter(isVerdict) };
  const footnotes = new Footnotes();
  const cells = table(results, footnotes, paint);
  const notes = footnotes.lines();
  const told = [...excuseLines(results), ...leftOutLines(results), ...goneLines(results, paint)];
  const traces = results.runtimes.map(({ name }) =>
    Math.max(0, ...results.results.filter(({ runtime }) => runtime === name).map((each) => each.traces)),
  );
  return [
    ...cells,
    ...notes,
    ...(notes.length === 0 ? [] : [""]),
    ...(told.length === 0 ? [] : [...told, ""]),
    ...runtimeLines(results.runtimes, paint),
    "",
    ...(cells.length === 0
      ? ["nothing was judged"]
      : [
          `${tally(results, paint)} (n/m: of m cases drawn for it n reached every clause; each guarantee has judged all ${traces.join(" + ")} traces)`,
        ]),
    ...(file === undefined ? [] : [`report in ${file}`]),
    `${results.complete ? "" : "cut short, "}seed ${results.seed}`,
    "",
  ].join("\n");
}
