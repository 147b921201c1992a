/** The table of a matrix: guarantees down, many kernels across, a word to a cell. */
import Table from "cli-table3";
import { type GuaranteeResult, isVerdict, type Results, type Verdict } from "../conformance/results.ts";
import { BARE_TABLE, tableLines } from "./bare-table.ts";
import { type Paint, plain } from "./paint.ts";
import {
  clauseWord,
  Footnotes,
  goneLines,
  runtimeLines,
  STYLES,
  type TerminalTableOptions,
  tally,
} from "./terminal-table.ts";

/** A word short enough for ten kernels to stand side by side, and whether its reason is told below. */
const WORDS: Record<Verdict, { word: string; isExplained: boolean }> = {
  holds: { word: "holds", isExplained: false },
  "not-applicable": { word: "n/a", isExplained: false },
  "known-divergence": { word: "known", isExplained: true },
  "not-exercised": { word: "unreached", isExplained: false },
  violated: { word: "VIOLATED", isExplained: true },
  error: { word: "ERROR", isExplained: true },
};

const LEGEND =
  "n/a: the kernel is older than the promise or has no timers; known: a recorded divergence; unreached: no case came to the point";

function cell(result: GuaranteeResult | undefined, footnotes: Footnotes, paint: Paint): string {
  if (result === undefined) return paint("quiet", "-");
  const { word, isExplained } = WORDS[result.verdict];
  return paint(
    STYLES[result.verdict],
    `${word}${isExplained ? `${clauseWord(result)}${footnotes.mark(result.reason)}` : ""}`,
  );
}

/** The table, its footnotes, what each kernel was and, in the last line, the seed. */
export function matrixTable(all: Results, { file, paint = plain }: TerminalTableOptions = {}): string {
  const results = { ...all, results: all.results.filter(isVerdict) };
  const footnotes = new Footnotes();
  const guarantees = [...new Set(results.results.map(({ guarantee }) => guarantee))];
  const runtimes = results.runtimes.map(({ name }) => name);
  const byCell = new Map(results.results.map((result) => [`${result.guarantee} ${result.runtime}`, result]));
  const table = new Table({
    ...BARE_TABLE,
    head: ["guarantee", ...runtimes.map((name) => name.replace(/^kernel:/, ""))].map((title) => paint("title", title)),
  });
  table.push(
    ...guarantees.map((guarantee) => [
      guarantee,
      ...runtimes.map((runtime) => cell(byCell.get(`${guarantee} ${runtime}`), footnotes, paint)),
    ]),
  );
  return [
    ...tableLines(table),
    "",
    LEGEND,
    ...footnotes.lines(),
    "",
    ...goneLines(results, paint),
    ...runtimeLines(results.runtimes, paint),
    "",
    tally(results, paint),
    ...(file === undefined ? [] : [`report in ${file}`]),
    `${results.complete ? "" : "cut short, run it again to go on, "}seed ${results.seed}`,
    "",
  ].join("\n");
}
