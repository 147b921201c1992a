/** Writes each mutant down as soon as it was tried, a line each: a run takes long, and may be cut short. */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import type { MutantResult } from "@stryker-mutator/api/core";
import type { Reporter } from "@stryker-mutator/api/report";

const FILE = "out/mutants.txt";

/** The text without what only lays it out. */
const inALine = (text: string | undefined): string => (text ?? "").replace(/\s+/g, " ");

export class LineReporter implements Reporter {
  constructor() {
    mkdirSync(dirname(FILE), { recursive: true });
    writeFileSync(FILE, "");
  }

  onMutantTested({ status, fileName, location, mutatorName, replacement }: Readonly<MutantResult>): void {
    const { line, column } = location.start;
    appendFileSync(
      FILE,
      `${status} ${relative("", fileName)}:${line}:${column} ${mutatorName}: ${inALine(replacement)}\n`,
    );
  }
}
