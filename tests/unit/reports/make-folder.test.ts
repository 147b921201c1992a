import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeFolder } from "../../../reports/make-folder.ts";

const folder = mkdtempSync(join(tmpdir(), "timerconf-folder-"));
afterAll(() => rmSync(folder, { recursive: true }));

test("makes a folder and those above it, and minds none that is there", async () => {
  await makeFolder(join(folder, "a", "b", "c"));
  await makeFolder(join(folder, "a", "b"));
  expect(existsSync(join(folder, "a", "b", "c"))).toBe(true);
});

test("reports what the system says, also where a parent takes no entries", async () => {
  writeFileSync(join(folder, "file"), "");
  await expect(makeFolder(join(folder, "file"))).rejects.toMatchObject({ code: "EEXIST" });
  await expect(makeFolder(join(folder, "file", "below"))).rejects.toMatchObject({ code: "ENOTDIR" });
  await expect(makeFolder("/proc/timerconf/out")).rejects.toMatchObject({ code: "ENOENT" });
});
