/** A run that is cut short and taken up again. */
import { describe, expect, it } from "vitest";
import { isSame, type Request, seedOf } from "../../../conformance/matrix.ts";
import type { Results } from "../../../conformance/results.ts";
import { runConformance } from "../../../conformance/run.ts";
import { matrixTable } from "../../../reports/matrix-table.ts";
import { resultsJson } from "../../../reports/results-file.ts";
import { loadCatalogue } from "../../../specs/catalogue.ts";

const MACHINE = { append: [], qemuArg: [] };
const ASKED = { version: "1", cases: 9, runtimes: ["kernel:6.1"], guarantees: ["a"], images: [], ...MACHINE };
const REQUEST: Request = { ...ASKED, seed: 4 };
const RUNTIMES = ["emulator:6.1", "emulator:6.12"];
const guarantees = (await loadCatalogue()).filter(({ id }) => id.startsWith("init."));

/** Runs until `limit` guarantees were judged; also which those were. */
async function run(limit: number, earlier?: Results) {
  const abort = new AbortController();
  const judged: string[] = [];
  const results = await runConformance({
    runtimes: RUNTIMES,
    guarantees,
    catalogue: guarantees,
    cases: 5,
    seed: 3,
    signal: abort.signal,
    earlier,
    progress: () => undefined,
    found: async () => undefined,
    async judged(result) {
      judged.push(`${result.runtime} ${result.guarantee}`);
      if (judged.length === limit) abort.abort();
    },
  });
  return { results, judged };
}

describe("a run that was cut short", () => {
  it("is completed to the same bytes, wherever it was cut, with nothing judged twice", async () => {
    const whole = await run(Number.POSITIVE_INFINITY);
    for (const limit of [1, guarantees.length, guarantees.length + 2]) {
      const first = await run(limit);
      expect(first.results.complete).toBe(false);
      const second = await run(1, first.results);
      const third = await run(Number.POSITIVE_INFINITY, second.results);
      expect(resultsJson(third.results)).toBe(resultsJson(whole.results));
      expect([...first.judged, ...second.judged, ...third.judged]).toEqual(whole.judged);
    }
  });

  it("tries again what ended in an error, and a runtime that is another version now", async () => {
    const { results } = await run(Number.POSITIVE_INFINITY);
    const [first] = results.results;
    if (first === undefined) throw new Error("nothing was judged");
    const [ran, ...others] = results.runtimes;
    if (ran === undefined) throw new Error("nothing was run");
    const again = { ...ran, drawn: ran.drawn.filter((id) => id !== first.guarantee) };
    const failed = { ...results, runtimes: [again, ...others], results: results.results.slice(1) };
    expect((await run(Number.POSITIVE_INFINITY, failed)).judged).toEqual([`emulator:6.1 ${first.guarantee}`]);
    const runtimes = results.runtimes.map((runtime) => ({
      ...runtime,
      version: "other",
      drawn: runtime.drawn.slice(0, 2),
    }));
    const partly = { ...results, runtimes, results: results.results.slice(0, 2) };
    expect((await run(Number.POSITIVE_INFINITY, partly)).judged).toHaveLength(2 * guarantees.length);
  });

  it("is taken up with its seed only where it was asked the same", () => {
    expect(seedOf(ASKED, REQUEST, 7)).toBe(4);
    expect(seedOf({ ...ASKED, seed: 5 }, REQUEST, 7)).toBe(5);
    expect(seedOf({ ...ASKED, cases: 10 }, REQUEST, 7)).toBe(7);
    expect(seedOf(ASKED, undefined, 7)).toBe(7);
    expect(isSame(REQUEST, { ...REQUEST, images: ["digest"] })).toBe(false);
    expect(isSame(REQUEST, { ...REQUEST, append: ["nosmp"] })).toBe(false);
    expect(isSame(REQUEST, { ...REQUEST, qemuArg: ["-s"] })).toBe(false);
  });
});

it("the table of a matrix has a word to a cell", async () => {
  const { results } = await run(guarantees.length + 1);
  const text = matrixTable(results, { file: "out/report.json" });
  expect(text).toMatch(/^guarantee +emulator:6\.1 +emulator:6\.12\n/);
  expect(text).toMatch(/^init\.succeeds +holds +holds$/m);
  expect(text).toMatch(/^init\.already-initialized +holds +-$/m);
  expect(text).toMatch(/report in out\/report\.json\ncut short, run it again to go on, seed 3\n$/);
});
