/** `timerconf spec` and `timerconf findings`: the reference, and where kernels differ from it. */
import { readdir } from "node:fs/promises";
import { divergentCase } from "../conformance/divergent-case.ts";
import type { Results } from "../conformance/results.ts";
import { openEmulator } from "../harness/emulator/index.ts";
import { writeCase } from "../reports/case-file.ts";
import type { Block } from "../reports/spec-blocks.ts";
import { seriesShowing } from "../reports/spec-divergence.ts";
import { specDocument } from "../reports/spec-document.ts";
import { FINDINGS_FOLDER, findingsDocument } from "../reports/spec-findings.ts";
import { blocksHtml } from "../reports/spec-html.ts";
import { blocksMarkdown } from "../reports/spec-markdown.ts";
import { type SpecReference, specReference } from "../reports/spec-reference.ts";
import { readReports } from "../reports/spec-reports.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import { DIVERGENCES } from "../specs/divergences.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { orUsageError, put } from "./or-usage-error.ts";
import { isSystemError } from "./system-error.ts";

const TITLE = "What the BPF timer helpers promise";

/** How each format is written. */
const FORMATS = {
  md: (reference: SpecReference) => blocksMarkdown(specDocument(reference)),
  html: (reference: SpecReference) => blocksHtml(specDocument(reference), TITLE),
  json: (reference: SpecReference) => `${JSON.stringify(reference, null, 2)}\n`,
} as const;

export interface SpecCommandOptions {
  format: keyof typeof FORMATS;
  report: readonly string[];
  out?: string;
}

/** Turns what the operating system refused into a line for the user. */
const reportsAt = (paths: readonly string[]): Promise<Results[]> =>
  orUsageError(`cannot read the reports ${paths.join(", ")}`, () => readReports(paths));

/**
 * Prints the reference.
 * @throws {UsageError | ScenarioError} where a report cannot be read, or the file not be written
 */
export async function specCommand({ format, report, out }: SpecCommandOptions, io: Io): Promise<ExitCode> {
  return put(FORMATS[format](specReference(await loadCatalogue(), await reportsAt(report))), out, io);
}

export interface FindingsCommandOptions {
  report: readonly string[];
  /** Where a case of each finding is to be saved. */
  cases?: string;
  out?: string;
}

/** Saves, of every divergence that the emulator shows, the smallest case. */
async function saveCases(folder: string): Promise<void> {
  const catalogue = await loadCatalogue();
  for (const divergence of DIVERGENCES) {
    const guarantee = catalogue.find(({ id }) => id === divergence.guarantee);
    if (guarantee === undefined) continue;
    const emulator = openEmulator(`emulator:${seriesShowing(divergence)}`);
    const found = await divergentCase(divergence, guarantee, emulator);
    if (found !== undefined) await writeCase(folder, `${divergence.id}.json`, found);
  }
}

/** The findings of which a case is saved in the folder; none where there is no folder. */
async function savedFindings(folder: string): Promise<Set<string>> {
  try {
    return new Set((await readdir(folder)).map((name) => name.replace(/\.json$/, "")));
  } catch (error) {
    if (isSystemError(error) && error.code === "ENOENT") return new Set();
    throw error;
  }
}

/** The findings as Markdown, given the reports and a folder of saved cases. */
export async function findingsMarkdown(reports: readonly Results[], folder: string): Promise<string> {
  const blocks: Block[] = findingsDocument(await savedFindings(folder), reports);
  return blocksMarkdown(blocks);
}

/**
 * Prints the findings, and saves a case of each where asked to.
 * @throws {UsageError | ScenarioError} where a report cannot be read, or something not be written
 */
export async function findingsCommand({ report, cases, out }: FindingsCommandOptions, io: Io): Promise<ExitCode> {
  if (cases !== undefined) await orUsageError(`cannot save to ${cases}`, () => saveCases(cases));
  return put(await findingsMarkdown(await reportsAt(report), cases ?? FINDINGS_FOLDER), out, io);
}
