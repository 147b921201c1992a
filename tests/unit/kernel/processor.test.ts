import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { command } from "../../../harness/kernel/command.ts";
import { leastTaken, parseProcessors, takeProcessor } from "../../../harness/kernel/processor.ts";

const processorsOf = (status: string) => parseProcessors(/Cpus_allowed_list:\s*(.*)/.exec(status)?.[1] ?? "");

it.each([
  ["0", [0]],
  ["0-3", [0, 1, 2, 3]],
  ["1,4-5,9", [1, 4, 5, 9]],
  ["", []],
])("reads the list %s", (list, processors) => {
  expect(parseProcessors(list)).toEqual(processors);
});

it("takes the processor that the fewest guests are bound to", () => {
  expect(leastTaken([2, 3, 5], [])).toBe(2);
  expect(leastTaken([2, 3, 5], [2, 2, 3, 5, 5, 7])).toBe(3);
});

it("binds a program to one processor that this process may use, or, without the tools for it, to none", async () => {
  const allowed = processorsOf(readFileSync("/proc/self/status", "utf8"));
  const { prefix, release } = await takeProcessor();
  const { ok, stdout } = await command([...prefix, "cat", "/proc/self/status"]);
  release();
  expect(ok).toBe(true);
  const bound = processorsOf(stdout);
  if (prefix.length > 0) expect(bound).toHaveLength(1);
  expect(allowed).toEqual(expect.arrayContaining(bound));
});
