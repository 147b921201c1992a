/** `timerconf spec` and `timerconf findings`, from their arguments to their exit codes. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { main } from "../../../cli/main.ts";
import { loadCatalogue } from "../../../specs/catalogue.ts";
import { DIVERGENCES } from "../../../specs/divergences.ts";
import { fakeIo } from "../cli/fake-io.ts";

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "timerconf-spec-"));
});
afterEach(() => rm(folder, { recursive: true }));

async function timerconf(...argv: string[]) {
  const { io, out, err } = fakeIo();
  return { code: await main(argv, io), out: out(), err: err() };
}

describe("timerconf spec", () => {
  it("prints Markdown, or a page, or JSON", async () => {
    expect((await timerconf("spec")).out).toMatch(/^# <a id="top"><\/a>/);
    expect((await timerconf("spec", "--format", "html")).out).toMatch(/^<!doctype html>/);
    const { code, out } = await timerconf("spec", "--format", "json");
    expect(code).toBe(0);
    const ids = (JSON.parse(out) as { guarantees: { id: string }[] }).guarantees.map(({ id }) => id);
    expect(ids).toEqual((await loadCatalogue()).map(({ id }) => id));
  });

  it("writes the same to a file", async () => {
    const file = join(folder, "SPEC.md");
    expect(await timerconf("spec", "--out", file)).toEqual({ code: 0, out: "", err: "" });
    expect(await readFile(file, "utf8")).toBe((await timerconf("spec")).out);
  });

  it.each([
    [["--format", "pdf"], /Allowed choices are md, html, json/],
    [["--report", "no/such.json"], /cannot read the reports no\/such.json: there is no such file/],
    [["--report", "package.json"], /package.json is not a report of timerconf run/],
    [["--out", "no/such/folder.md"], /cannot write no\/such\/folder.md/],
  ])("%j: one line on stderr, exit 2", async (argv, message) => {
    const { code, err } = await timerconf("spec", ...argv);
    expect(code).toBe(2);
    expect(err).toMatch(message);
    expect(err).toMatch(/^timerconf: [^\n]+\n$/);
  });
});

describe("timerconf findings", () => {
  const committed = fileURLToPath(new URL("../../../docs/findings/", import.meta.url));

  it("saves a case of every divergence, the very ones that are committed (else: npm run spec)", async () => {
    expect((await timerconf("findings", "--cases", folder)).code).toBe(0);
    const names = DIVERGENCES.map((divergence) => `${divergence.id}.json`).sort();
    expect((await readdir(folder)).sort()).toEqual(names);
    expect((await readdir(committed)).sort()).toEqual(names);
    for (const name of names)
      expect(await readFile(join(folder, name), "utf8")).toBe(await readFile(join(committed, name), "utf8"));
  });

  it("gives cases that replay", async () => {
    const file = join(committed, "set-callback.no-user-reference.json");
    const { code, out } = await timerconf("replay", file, "--runtime", "emulator:6.12");
    expect(code).toBe(0);
    expect(out).toContain("set-callback.no-user-reference is a known divergence");
  });
});
