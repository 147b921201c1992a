/**
 * All clauses judge each history by hand as `judged/` has it. Where a change is meant, `UPDATE_JUDGED=1 npx vitest run
 * --project unit judged` writes the files anew; the difference then shows what else the change has touched.
 */
import { describe, expect, test } from "vitest";
import { loadCatalogue } from "../../../../specs/catalogue.ts";
import { loadHistories } from "./histories.ts";
import { entriesOf, loadJudged, writeJudged } from "./judged.ts";

const entries = entriesOf(await loadCatalogue(), await loadHistories());
if (process.env.UPDATE_JUDGED === "1") await writeJudged(entries);
const judged = await loadJudged();

describe("every clause says the same of", () => {
  test.each(entries)("$file $head", ({ file, head, judge }) => {
    expect(Object.fromEntries(judge())).toEqual(Object.fromEntries(judged.get(`${file} ${head}`) ?? []));
  });
});

test("nothing is kept of histories that are gone, and no head is there twice", () => {
  expect([...judged.keys()].sort()).toEqual(entries.map(({ file, head }) => `${file} ${head}`).sort());
});
