import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { caseFileName, readCase, writeCase } from "../../../reports/case-file.ts";
import { saved, TWICE } from "./sample.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "reports-"));
});
afterEach(() => rm(folder, { recursive: true }));

describe("caseFileName", () => {
  it("keeps what is safe", () => {
    expect(caseFileName("init.succeeds", "emulator:6.12+fault=x-y")).toBe(
      "init.succeeds--emulator-6.12+fault=x-y.json",
    );
  });

  it("leaves no separator in a name, keeps it short and keeps names apart", () => {
    const names = ["kernel:./a b", "kernel:./a/b", `kernel:/${"x".repeat(500)}`, "kernel:./ä"].map((runtime) =>
      caseFileName("g", runtime),
    );
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[\w.+=-]{1,120}$/);
  });
});

describe("a saved case", () => {
  it("is read back as it was written, twice to the same bytes", async () => {
    const path = await writeCase(folder, "a.json", saved(TWICE));
    const bytes = await readFile(path);
    expect(await readCase(path)).toEqual(saved(TWICE));
    await writeCase(folder, "a.json", await readCase(path));
    expect(await readFile(path)).toEqual(bytes);
    expect(await readdir(folder)).toEqual(["a.json"]);
  });

  it("keeps what has to run before it", async () => {
    const { origin, ...bare } = saved(TWICE);
    const behind = { ...bare, origin: { scenario: TWICE, ...origin, after: [bare, bare] } };
    expect(await readCase(await writeCase(folder, "a.json", behind))).toEqual(behind);
  });

  it.each([
    ["{", /is not JSON/],
    ["[]", /is not a saved scenario/],
    [JSON.stringify({ ...saved(TWICE), version: 1 }), /is not a saved scenario: version: /],
    [JSON.stringify({ ...saved(TWICE), programs: [{}] }), /is not a saved scenario: programs\[0\]\./],
  ])("is refused in one line where it holds something else: %#", async (content, message) => {
    const path = join(folder, "bad.json");
    await writeFile(path, content);
    const error = await readCase(path).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ name: "ScenarioError", message: expect.stringMatching(message) });
    expect(String(error)).not.toContain("\n");
  });
});
