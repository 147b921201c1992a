import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { resultsSchema } from "../../../conformance/results.ts";
import { VERDICTS } from "../../../conformance/verdicts.ts";
import { prepareResultsFolder, resultsSchemaJson, writeResults } from "../../../reports/results-file.ts";
import { RESULTS } from "./sample.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reports-"));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

describe("report.json", () => {
  it("is the same bytes each time, valid, and leaves no temporary file", async () => {
    await prepareResultsFolder(folder);
    const first = await readFile(await writeResults(folder, RESULTS), "utf8");
    const second = await readFile(await writeResults(folder, structuredClone(RESULTS)), "utf8");
    expect(second).toBe(first);
    expect(resultsSchema.parse(JSON.parse(first))).toEqual(RESULTS);
    expect((await readdir(folder)).sort()).toEqual(["report.json", "report.schema.json"]);
  });

  it("is described by a schema that names every verdict", () => {
    const schema: unknown = JSON.parse(resultsSchemaJson());
    expect(schema).toHaveProperty("properties.results.items.properties.verdict.enum", VERDICTS);
  });

  it("keeps the old report where the new one cannot be written", async () => {
    const path = await writeResults(folder, RESULTS);
    const before = await readFile(path, "utf8");
    await expect(writeResults(join(path, "below"), RESULTS)).rejects.toMatchObject({ code: "ENOTDIR" });
    expect(await readFile(path, "utf8")).toBe(before);
  });
});
