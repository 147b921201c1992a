/** What package.json offers to other programs: modules that are there, each with the version that it is there since. */
import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import packageJson from "../../package.json" with { type: "json" };

const ROOT = new URL("../../", import.meta.url);

/** The source that an entry of `exports` is compiled from. */
const sourceOf = (compiled: string): URL => new URL(compiled.replace(/^\.\/dist\//, "").replace(/\.js$/, ".ts"), ROOT);

/** A version as a number that grows with it. */
const order = (version: string): number =>
  version.split(".").reduce((sum, part) => sum * 1000 + Number.parseInt(part, 10), 0);

const entries = Object.entries(packageJson.exports).filter(
  (entry): entry is [string, { types: string; default: string }] => typeof entry[1] === "object",
);

test.each(entries)("%s is a module, typed, that says since when", async (_, { types, default: compiled }) => {
  expect(types).toBe(compiled.replace(/\.js$/, ".d.ts"));
  const text = await readFile(sourceOf(compiled), "utf8");
  expect(text).toMatch(/^\/\*\*\n( \*.*\n)* \* @since \d+\.\d+\.\d+\n \*\/\n/);
  const versions = [...text.matchAll(/@since (\S+)/g)].map(([, version = ""]) => version);
  for (const version of versions) expect(order(version)).toBeLessThanOrEqual(order(packageJson.version));
  expect(Object.keys(await import(sourceOf(compiled).href))).not.toEqual([]);
});
