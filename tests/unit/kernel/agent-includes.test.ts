/** The parts of the guest's agent, a part being a .c file with its header: none needs, by whatever way, itself. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";

const FOLDER = join(import.meta.dirname, "../../../harness/kernel/agent");

const partOf = (file: string): string => file.replace(/\.[ch]$/, "");

function includes(): Map<string, Set<string>> {
  const found = new Map<string, Set<string>>();
  for (const file of readdirSync(FOLDER)) {
    const part = partOf(file);
    const needed = found.get(part) ?? new Set();
    for (const [, header = ""] of readFileSync(join(FOLDER, file), "utf8").matchAll(/^#include "(.+)"$/gm)) {
      if (partOf(header) !== part) needed.add(partOf(header));
    }
    found.set(part, needed);
  }
  return found;
}

it("are in an order in which each needs only those before it", () => {
  const waiting = includes();
  const isFree = ([, needed]: [string, Set<string>]) => ![...needed].some((part) => waiting.has(part));
  for (let free = [...waiting].filter(isFree); free.length > 0; free = [...waiting].filter(isFree)) {
    for (const [part] of free) waiting.delete(part);
  }
  expect([...waiting.keys()]).toEqual([]);
});
