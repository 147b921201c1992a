/**
 * All clauses judge traces that the emulator once gave, and notice what is made wrong in them, as the files beside this
 * one have it: several timers, maps and programs come together there as in no history by hand. README.md says more.
 */
import { readFile } from "node:fs/promises";
import { compile } from "../../../../scenario/compile.ts";
import { readHistory } from "../../../../scenario/history.ts";
import type { Scenario } from "../../../../scenario/scenario.ts";
import type { Trace } from "../../../../scenario/trace.ts";
import { loadCatalogue } from "../../../../specs/catalogue.ts";
import { entryOf, testJudged } from "../histories/judged.ts";

/** A line of traces.jsonl. */
interface Recorded {
  /** The guarantee that the scenario was drawn for, or "random". */
  of: string;
  runtime: string;
  scenario: Scenario;
  trace: Trace;
}

const catalogue = await loadCatalogue();
const lines = (await readFile(new URL("./traces.jsonl", import.meta.url), "utf8")).trimEnd().split("\n");

await testJudged(
  import.meta.url,
  lines.map((line, at) => {
    const { of, runtime, scenario, trace } = JSON.parse(line) as Recorded;
    const head = `== ${at + 1} ${of}, ${runtime}`;
    const history = readHistory(scenario, compile(scenario), trace);
    return entryOf(catalogue, history, { file: "traces.txt", head, isVariant: false });
  }),
);
