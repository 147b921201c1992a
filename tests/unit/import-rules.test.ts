import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const biome = join(root, "node_modules/.bin/biome");
const planted = mkdtempSync(join(tmpdir(), "timerconf-rules-"));
const { $schema, vcs, ...rules } = JSON.parse(readFileSync(join(root, "biome.json"), "utf8")) as Record<
  string,
  unknown
>;
writeFileSync(join(planted, "biome.json"), JSON.stringify(rules));
afterAll(() => rmSync(planted, { recursive: true }));

const lint = (folder: string, file: string) => {
  const { status, stdout, stderr } = spawnSync(biome, ["lint", file], { cwd: folder, encoding: "utf8" });
  return { status, text: stdout + stderr };
};

/** The linter's word on a file of that name with one import in it. */
function lintImport(file: string, from: string): string {
  mkdirSync(dirname(join(planted, file)), { recursive: true });
  writeFileSync(join(planted, file), `import { x } from "${from}";\nexport const y = x;\n`);
  return lint(planted, file).text;
}

const RULE = "may not import from here";

describe("a folder imports only from those above it", () => {
  test.each([
    ["bpf/a.ts", "../scenario/scenario.ts"],
    ["scenario/a.ts", "../generators/map.ts"],
    ["generators/a.ts", "../specs/checks/calls.ts"],
    ["specs/guarantees/a.ts", "../../harness/emulator/index.ts"],
    ["harness/emulator/a.ts", "../../specs/checks/timer-state.ts"],
    ["harness/kernel/a.ts", "../../generators/map.ts"],
    ["harness/emulator/a.ts", "../../conformance/run.ts"],
    ["conformance/a.ts", "../reports/terminal-table.ts"],
    ["reports/a.ts", "../cli/timerconf.ts"],
  ])("%s may not import %s", (file, from) => {
    expect(lintImport(file, from)).toContain(RULE);
  });

  test.each([
    ["cli/a.ts", "../conformance/run.ts"],
    ["conformance/a.ts", "../harness/emulator/index.ts"],
    ["harness/emulator/a.ts", "../../bpf/btf.ts"],
    ["specs/guarantees/a.ts", "../../generators/map.ts"],
  ])("%s may import %s", (file, from) => {
    expect(lintImport(file, from)).not.toContain(RULE);
  });

  test("the whole project passes the linter", () => {
    const { status, text } = lint(root, ".");
    expect(text).not.toContain(RULE);
    expect(status).toBe(0);
  });
});
