/** Rows as aligned lines, results behind an equals sign, as strace prints them. */
import type { Row } from "./trace-rows.ts";

/** Results stand under one another up to this column; behind a longer text they follow at once. */
const RESULT_COLUMN_MAX = 72;

function body({ at, step, stamp, text }: Row, numberWidth: number): string {
  const number = String(at).padStart(numberWidth);
  return step ? `${number}  ${text}` : `${" ".repeat(numberWidth)}    ${stamp === "" ? "" : `${stamp} `}${text}`;
}

/** One line for each row, without a margin. */
export function rowLines(rows: readonly Row[]): string[] {
  const numberWidth = String(rows.at(-1)?.at ?? 0).length;
  const bodies = rows.map((row) => body(row, numberWidth));
  const column = Math.max(0, ...rows.map((row, index) => (row.result === "" ? 0 : (bodies[index] ?? "").length)));
  const width = Math.min(column, RESULT_COLUMN_MAX);
  return rows.map(({ result }, index) => {
    const line = bodies[index] ?? "";
    return result === "" ? line : `${line.padEnd(width)} = ${result}`;
  });
}
