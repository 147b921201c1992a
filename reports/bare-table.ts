/** The look of every table: no rules and no boxes, columns two spaces apart, which greps and pastes well. */
import type { Table, TableConstructorOptions } from "cli-table3";

const EDGES = ["top", "bottom", "left", "right", "mid", "middle"];
const PARTS = ["", "-mid", "-left", "-right"];

export const BARE_TABLE: TableConstructorOptions = {
  chars: Object.fromEntries(EDGES.flatMap((edge) => PARTS.map((part) => [`${edge}${part}`, ""]))),
  style: { head: [], border: [], "padding-left": 0, "padding-right": 2 },
};

/** The lines of a table, without the spaces that fill its last column. */
export const tableLines = (table: Table): string[] =>
  table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd());
