import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../../cli/main.ts";
import { saved, TWICE } from "../reports/sample.ts";
import { fakeIo } from "./fake-io.ts";

let folder = "";
const path = (name: string): string => join(folder, name);
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "timerconf-bisect-"));
  const { origin, ...bare } = saved(TWICE);
  writeFileSync(path("case.json"), JSON.stringify({ ...bare, origin }));
  writeFileSync(path("bare.json"), JSON.stringify(bare));
  writeFileSync(path("unknown.json"), JSON.stringify({ ...bare, origin: { ...origin, guarantee: "no.such" } }));
  writeFileSync(path("text"), "no image, no JSON");
});
afterAll(() => rmSync(folder, { recursive: true }));

async function bisectRun(...names: string[]) {
  const { io, out, err } = fakeIo();
  return { code: await main(["bisect-run", ...names], io), out: out(), err: err() };
}

describe("timerconf bisect-run", () => {
  it.each([
    ["that is missing", "missing", /there is no such file/],
    ["that is no kernel", "text", /is no x86 kernel image/],
  ])("exits 125 for an image %s: git goes round it", async (_, image, message) => {
    const { code, out, err } = await bisectRun(path(image), path("case.json"));
    expect(code).toBe(125);
    expect(out).toMatch(/^cannot tell: [^\n]+\n$/);
    expect(err).toMatch(message);
  });

  it.each([
    ["missing", /cannot read .*there is no such file/],
    ["text", /is not JSON/],
    ["bare.json", /names no guarantee/],
    ["unknown.json", /no\.such, which is not in the catalogue/],
  ])("exits 128 for the file %s, which could judge no kernel: git stops", async (file, message) => {
    const { code, err } = await bisectRun(path("text"), path(file));
    expect(code).toBe(128);
    expect(err).toMatch(message);
    expect(err).toMatch(/^timerconf: [^\n]+\n$/);
  });

  it.each([[["only-one"]], [["a", "b", "c"]], [["a", "b", "--no-such-option"]]])(
    "exits 128 for the wrong usage %j",
    async (argv) => {
      expect((await bisectRun(...argv)).code).toBe(128);
    },
  );
});
