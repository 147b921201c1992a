/**
 * All clauses judge each history by hand as `judged/` has it, and notice what is made wrong in it as `noticed/` has it.
 * Where a change is meant, `UPDATE_JUDGED=1 npx vitest run --project unit judged` writes the files anew; the difference
 * then shows what else the change has touched.
 */
import { loadCatalogue } from "../../../../specs/catalogue.ts";
import { loadHistories } from "./histories.ts";
import { entriesOf, testJudged } from "./judged.ts";

await testJudged(import.meta.url, entriesOf(await loadCatalogue(), await loadHistories()));
