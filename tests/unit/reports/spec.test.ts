import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { judgeAlone } from "../../../conformance/judge-case.ts";
import { inapplicable } from "../../../conformance/jury.ts";
import { RESULTS_SCHEMA_VERSION, type Results, type Verdict } from "../../../conformance/results.ts";
import { openEmulator } from "../../../harness/emulator/index.ts";
import { resultsJson } from "../../../reports/results-file.ts";
import { type Block, code, heading, paragraph, prose, table } from "../../../reports/spec-blocks.ts";
import { seriesShowing } from "../../../reports/spec-divergence.ts";
import { specDocument } from "../../../reports/spec-document.ts";
import { exampleCase, exampleText } from "../../../reports/spec-example.ts";
import { blocksHtml } from "../../../reports/spec-html.ts";
import { blocksMarkdown } from "../../../reports/spec-markdown.ts";
import { specReference } from "../../../reports/spec-reference.ts";
import { readReports } from "../../../reports/spec-reports.ts";
import { specRuntimes, specVerdicts } from "../../../reports/spec-verdicts.ts";
import { loadCatalogue } from "../../../specs/catalogue.ts";
import { DIVERGENCES } from "../../../specs/divergences.ts";
import { faultsOf } from "../../../specs/guarantee.ts";
import { RESULTS, resultOf } from "./sample.ts";

const catalogue = await loadCatalogue();
const reference = specReference(catalogue, [RESULTS]);
const html = blocksHtml(specDocument(reference), "title");
const markdown = blocksMarkdown(specDocument(reference));

describe("the reference", () => {
  test.each(catalogue)("has $id as an anchor, with statement, faults and command", ({ id, clauses }) => {
    const section = markdown.slice(markdown.indexOf(`### <a id="${id}"></a>`)).split("\n### ", 2)[0] ?? "";
    for (const fault of faultsOf({ clauses })) expect(section).toContain(`\`${fault}\``);
    expect(section).toContain(`npx timerconf run --guarantee ${id} --runtime kernel:`);
    expect(html).toContain(`<h3 id="${id}">`);
  });

  test.each(["md", "html"])("leads no link nowhere in %s", (format) => {
    const text = format === "md" ? markdown : html;
    const link = format === "md" ? /\]\(#([^)]+)\)/g : /href="#([^"]+)"/g;
    const anchors = new Set([...text.matchAll(/id="([^"]+)"/g)].map(([, anchor]) => anchor));
    const missing = [...text.matchAll(link)].map(([, to]) => to).filter((to) => !anchors.has(to));
    expect(missing).toEqual([]);
  });

  test("as a page fetches nothing", () => {
    expect(html).not.toMatch(/<(script|link|img|iframe)|src=|@import|url\(|href="[^#]/);
  });

  test("shows a runtime that ran, and not one that could not", () => {
    expect(markdown).toContain("kernel:6.1 (6.1.0-40)");
    expect(markdown).not.toContain("kernel:6.18 (");
  });

  test("shows a young guarantee on a kernel that has it", () => {
    const { command } = reference.guarantees.find(({ since }) => since === "7.0") ?? {};
    expect(command).toContain("--runtime kernel:7.0");
  });
});

describe("the example", () => {
  test.each(catalogue)("of $id reaches its precondition, and is always the same", (guarantee) => {
    const example = exampleCase(guarantee);
    if (example === undefined) throw new Error("there is none");
    expect(exampleText(example)).toEqual(exampleText(exampleCase(guarantee) ?? example));
    const emulator = openEmulator("emulator");
    if (inapplicable(guarantee, emulator) !== undefined) return undefined;
    return emulator.run([example.compiled]).then(([outcome]) => {
      if (outcome === undefined) throw new Error("the emulator gave no outcome");
      expect(["holds", "known-divergence"]).toContain(judgeAlone(guarantee, example, outcome, emulator).kind);
    });
  });
});

describe("verdicts of several runs", () => {
  const run = (seed: number, verdict: Verdict, version = "6.1.0-40"): Results => ({
    schemaVersion: RESULTS_SCHEMA_VERSION,
    seed,
    complete: true,
    runtimes: [{ name: "kernel:6.1", version, status: "ran", drawn: [] }],
    results: [
      resultOf({
        guarantee: "init.succeeds",
        runtime: "kernel:6.1",
        verdict,
        cases: 10,
        exercised: 9,
        reason: verdict,
      }),
    ],
  });

  test("are joined for one runtime: the worst stands, the counts add up", () => {
    const reports = [run(1, "holds"), run(2, "violated"), run(3, "known-divergence")];
    const runtimes = specRuntimes(reports);
    expect(runtimes).toEqual([{ name: "kernel:6.1", version: "6.1.0-40", seeds: [1, 2, 3] }]);
    expect(specVerdicts("init.succeeds", runtimes, reports)).toMatchObject([
      { verdict: "violated", cases: 30, exercised: 27, reason: "violated" },
    ]);
  });

  test("stay apart where the kernel is another build", () => {
    const reports = [run(1, "holds"), run(1, "violated", "6.1.0-41")];
    const verdicts = specVerdicts("init.succeeds", specRuntimes(reports), reports);
    expect(verdicts.map(({ verdict }) => verdict)).toEqual(["holds", "violated"]);
  });
});

describe("a divergence", () => {
  test("has a name of its own", () => {
    const ids = DIVERGENCES.map(({ id }) => id);
    expect(ids).toEqual([...new Set(ids)]);
  });

  test.each([
    [{ since: "5.15" }, "6.12"],
    [{ since: "5.15", until: "6.2" }, "6.1"],
    [{ since: "7.0" }, "7.0"],
    [{ since: "5.15", until: "6.1" }, "5.15"],
  ])("of %j is shown on %s", (releases, series) => {
    expect(seriesShowing(releases)).toBe(series);
  });
});

describe("blocks", () => {
  const blocks: Block[] = [
    heading(2, "a < b", "a.b"),
    paragraph(...prose("bpf_timer_init takes a*b and -EINVAL"), { verdict: "violated" }),
    table(["x|y"], [[["a|b"]]]),
    { kind: "details", summary: "more", blocks: [code(["<x>"])] },
  ];

  test("are escaped in Markdown", () => {
    expect(blocksMarkdown(blocks)).toBe(
      [
        '## <a id="a.b"></a>a \\< b',
        "",
        "`bpf_timer_init` takes a\\*b and `-EINVAL`**violated**",
        "",
        "| x\\|y |",
        "| --- |",
        "| a\\|b |",
        "",
        "<details><summary>more</summary>",
        "",
        "```text",
        "<x>",
        "```",
        "",
        "</details>",
        "",
      ].join("\n"),
    );
  });

  test("are escaped in HTML", () => {
    const page = blocksHtml(blocks, "<t>");
    expect(page).toContain("<title>&lt;t&gt;</title>");
    expect(page).toContain('<h2 id="a.b">a &lt; b');
    expect(page).toContain("<pre><code>&lt;x&gt;</code></pre>");
  });
});

describe("reading reports", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "timerconf-spec-"));
    await writeFile(join(folder, "b.json"), resultsJson({ ...RESULTS, seed: 2 }));
    await writeFile(join(folder, "a.json"), resultsJson({ ...RESULTS, seed: 1 }));
    await writeFile(join(folder, "README.md"), "not a report");
    await writeFile(join(folder, "bad.txt"), "{}");
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("takes the .json files of a folder by name, and files as they come", async () => {
    const seeds = (await readReports([join(folder, "b.json"), folder])).map(({ seed }) => seed);
    expect(seeds).toEqual([2, 1, 2]);
  });

  test("refuses what is no report, by name", async () => {
    const path = join(folder, "bad.txt");
    await expect(readReports([path])).rejects.toThrow(`${path} is not a report of timerconf run`);
  });
});
