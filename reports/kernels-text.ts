/** The kernels that can be had here, and those that are here already. */
import Table from "cli-table3";
import type { KernelListing } from "../harness/kernel/index.ts";
import { BARE_TABLE, tableLines } from "./bare-table.ts";
import { type Paint, plain } from "./paint.ts";

/** One line for each series. */
export function kernelsText(kernels: readonly KernelListing[], paint: Paint = plain): string {
  const table = new Table({
    ...BARE_TABLE,
    head: ["runtime", "from Debian", "in the cache"].map((title) => paint("title", title)),
  });
  table.push(
    ...kernels.map(({ series, suites, cached }) => [`kernel:${series}`, suites.join(", "), cached.join(", ") || "-"]),
  );
  return [
    ...tableLines(table),
    "",
    "kernel:PATH boots a bzImage of your own; kernel alone takes what is in the cache first.",
    "",
  ].join("\n");
}
