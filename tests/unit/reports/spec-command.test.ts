/** `timerconf spec` and `timerconf findings`, from their arguments to their exit codes. */
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { main } from "../../../cli/main.ts";
import { findingId } from "../../../reports/spec-divergence.ts";
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
  it("saves a case of every divergence, the same ones each time", async () => {
    const [one, other] = [join(folder, "one"), join(folder, "other")];
    expect((await timerconf("findings", "--cases", one)).code).toBe(0);
    await timerconf("findings", "--cases", other);
    const names = (await readdir(one)).sort();
    expect(names).toEqual(DIVERGENCES.map((divergence) => `${findingId(divergence, DIVERGENCES)}.json`).sort());
    for (const name of names)
      expect(await readFile(join(one, name), "utf8")).toBe(await readFile(join(other, name), "utf8"));
  });

  it("replays what it saved", async () => {
    await timerconf("findings", "--cases", folder);
    const file = join(folder, "set-callback.no-user-reference.json");
    const { code, out } = await timerconf("replay", file, "--runtime", "emulator:6.12");
    expect(code).toBe(0);
    expect(out).toContain("set-callback.no-user-reference is a known divergence");
  });
});
