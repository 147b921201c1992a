/**
 * All clauses judge each history by hand as `judged/` has it, and notice what is made wrong in it as `noticed/` has it.
 * Where a change is meant, `UPDATE_JUDGED=1 npx vitest run --project unit judged` writes the files anew; the difference
 * then shows what else the change has touched.
 */
import { describe, expect, test } from "vitest";
import { loadCatalogue } from "../../../../specs/catalogue.ts";
import { loadHistories } from "./histories.ts";
import { type Entry, entriesOf, FOLDERS, type Judged, loadJudged, writeJudged } from "./judged.ts";

const entries = entriesOf(await loadCatalogue(), await loadHistories());
const bases = entries.filter(({ isVariant }) => !isVariant);
const judge = (entry: Entry): Judged => entry.judge();
const notice = (entry: Entry): Judged => entry.notice();
if (process.env.UPDATE_JUDGED === "1") {
  await writeJudged(FOLDERS.judged, entries, judge);
  await writeJudged(FOLDERS.noticed, bases, notice);
}

const nameOf = ({ file, head }: Entry): string => `${file} ${head}`;

describe.each([
  { folder: "judged", about: entries, say: judge },
  { folder: "noticed", about: bases, say: notice },
] as const)("as $folder/ has it", ({ folder, about, say }) => {
  const written = loadJudged(FOLDERS[folder]);

  test.each(about)("every clause says the same of $file $head", async (entry) => {
    expect(Object.fromEntries(say(entry))).toEqual(Object.fromEntries((await written).get(nameOf(entry)) ?? []));
  });

  test("nothing is kept of histories that are gone, and no head is there twice", async () => {
    expect([...(await written).keys()].sort()).toEqual(about.map(nameOf).sort());
  });
});
