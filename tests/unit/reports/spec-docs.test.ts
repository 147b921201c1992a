/** What is committed in docs/ is what the catalogue and the committed reports give: `npm run spec` writes it anew. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { findingsMarkdown } from "../../../cli/spec.ts";
import { judgeAlone } from "../../../conformance/judge-case.ts";
import { openEmulator } from "../../../harness/emulator/index.ts";
import { readCase } from "../../../reports/case-file.ts";
import { seriesShowing } from "../../../reports/spec-divergence.ts";
import { specDocument } from "../../../reports/spec-document.ts";
import { blocksMarkdown } from "../../../reports/spec-markdown.ts";
import { specReference } from "../../../reports/spec-reference.ts";
import { readReports } from "../../../reports/spec-reports.ts";
import { loadCatalogue } from "../../../specs/catalogue.ts";
import { DIVERGENCES } from "../../../specs/divergences.ts";

const docs = fileURLToPath(new URL("../../../docs/", import.meta.url));
const catalogue = await loadCatalogue();
const reports = await readReports([`${docs}reports`]);
const committed = (name: string): Promise<string> => readFile(`${docs}${name}`, "utf8");

/** The first line in which two texts differ, which tells more than thousands of lines do. */
function firstDifference(actual: string, expected: string): string | undefined {
  const [one, other] = [actual.split("\n"), expected.split("\n")];
  const at = Array.from({ length: Math.max(one.length, other.length) }, (_, index) => index).find(
    (index) => one[index] !== other[index],
  );
  return at === undefined ? undefined : `line ${at + 1} is "${one[at]}", not "${other[at]}": run npm run spec`;
}

describe("the committed documents are not stale", () => {
  test("SPEC.md", async () => {
    const generated = blocksMarkdown(specDocument(specReference(catalogue, reports)));
    expect(firstDifference(await committed("SPEC.md"), generated)).toBeUndefined();
  });

  test("FINDINGS.md", async () => {
    const generated = await findingsMarkdown(reports, `${docs}findings`);
    expect(firstDifference(await committed("FINDINGS.md"), generated)).toBeUndefined();
  });
});

describe("the saved case of a finding", () => {
  const findings = DIVERGENCES.map((divergence) => ({ id: divergence.id, divergence }));

  test.each(findings)("$id still shows it", async ({ id, divergence }) => {
    const { origin, ...compiled } = await readCase(`${docs}findings/${id}.json`);
    const guarantee = catalogue.find((entry) => entry.id === origin?.guarantee);
    if (origin === undefined || guarantee === undefined) throw new Error("it does not say what it is about");
    const emulator = openEmulator(`emulator:${seriesShowing(divergence)}`);
    const [outcome] = await emulator.run([compiled]);
    if (outcome === undefined) throw new Error("the emulator gave no outcome");
    const verdict = judgeAlone(guarantee, { scenario: origin.scenario, compiled }, outcome, emulator);
    expect(verdict).toMatchObject({ kind: "known-divergence", excuse: { kind: "divergence", divergence } });
  });
});
