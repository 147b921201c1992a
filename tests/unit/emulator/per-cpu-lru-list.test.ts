import { describe, expect, test } from "vitest";
import type { LruNode } from "../../../harness/emulator/maps/lru-lists.ts";
import { PerCpuLruList } from "../../../harness/emulator/maps/per-cpu-lru-list.ts";

interface Named extends LruNode {
  readonly name: string;
}

function list(count: number, cpus = 1) {
  const evicted: string[] = [];
  const machine = { cpu: 0 };
  const nodes = Array.from({ length: count }, (_, at): Named => ({ name: `n${at}`, referenced: false, list: "free" }));
  const lru = new PerCpuLruList(
    nodes,
    cpus,
    () => machine.cpu,
    ({ name }) => evicted.push(name),
  );
  const fill = (times: number): Named[] =>
    Array.from({ length: times }, () => lru.pop()).filter((node) => node !== undefined);
  return { lru, evicted, machine, fill };
}

describe("the lists of one processor", () => {
  test("evict nobody while there are free nodes", () => {
    const { evicted, fill } = list(6);
    expect(new Set(fill(6)).size).toBe(6);
    expect(evicted).toEqual([]);
  });

  test("give up four at a time, the oldest first", () => {
    const { lru, evicted, fill } = list(6);
    const nodes = fill(6);
    lru.pop();
    expect(evicted).toEqual(nodes.slice(0, 4).map(({ name }) => name));
  });

  test("give up the oldest alone where all were looked up", () => {
    const { lru, evicted, fill } = list(2);
    const nodes = fill(2);
    for (const node of nodes) node.referenced = true;
    lru.pop();
    expect(evicted).toEqual([nodes[0]?.name]);
  });

  test("look at four nodes a time, and go on from there the next time", () => {
    const { lru, evicted, fill } = list(6);
    const nodes = fill(6);
    for (const node of nodes) node.referenced = true;
    lru.pop();
    // Four became active; of the two left the reference bits count only in the next pass.
    expect(evicted).toEqual([nodes[4]?.name]);
  });

  test("are its own: a full processor takes nothing from another", () => {
    const { lru, evicted, machine, fill } = list(4, 2);
    const nodes = fill(2);
    lru.pop();
    expect(evicted).toEqual(nodes.map(({ name }) => name));
    machine.cpu = 1;
    expect(fill(2)).toHaveLength(2);
    expect(evicted).toHaveLength(2);
  });
});
