import { chmodSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { findProgram, hasProgram } from "../../../harness/kernel/command.ts";

let folder = "";
beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "timerconf-path-")));
  vi.stubEnv("PATH", ["/nowhere", folder].join(delimiter));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

it("finds a program in the folders of PATH, by the file that it is", async () => {
  writeFileSync(join(folder, "program-1.2"), "#!/bin/sh\n");
  chmodSync(join(folder, "program-1.2"), 0o755);
  symlinkSync("program-1.2", join(folder, "program"));
  expect(await findProgram("program")).toBe(join(folder, "program-1.2"));
  expect(await hasProgram("program")).toBe(true);
});

it("finds no file that is not to be run, and nothing elsewhere", async () => {
  writeFileSync(join(folder, "text"), "text", { mode: 0o644 });
  expect(await findProgram("text")).toBeUndefined();
  expect(await hasProgram("no-such-program")).toBe(false);
});
