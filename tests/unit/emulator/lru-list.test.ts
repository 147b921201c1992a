import { describe, expect, test } from "vitest";
import { LruList } from "../../../harness/emulator/maps/lru-list.ts";
import type { LruNode } from "../../../harness/emulator/maps/lru-lists.ts";

interface Named extends LruNode {
  readonly name: string;
}

function list(count: number, freeTarget: "fixed" | "scaled") {
  const evicted: string[] = [];
  const nodes = Array.from({ length: count }, (_, at): Named => ({ name: `n${at}`, referenced: false, list: "free" }));
  return { lru: new LruList(nodes, freeTarget, ({ name }) => evicted.push(name)), evicted };
}

const fill = (lru: LruList<Named>, count: number): Named[] =>
  Array.from({ length: count }, () => lru.pop()).filter((node) => node !== undefined);

describe("the LRU list", () => {
  test("evicts nobody while there are free nodes", () => {
    const { lru, evicted } = list(4, "fixed");
    expect(new Set(fill(lru, 4)).size).toBe(4);
    expect(evicted).toEqual([]);
  });

  test("a full list gives up every unreferenced node at once where the target is fixed", () => {
    const { lru, evicted } = list(4, "fixed");
    const nodes = fill(lru, 4);
    lru.pop();
    expect(evicted).toEqual(nodes.map(({ name }) => name));
  });

  test("and half of them where it is scaled, the oldest first", () => {
    const { lru, evicted } = list(4, "scaled");
    const nodes = fill(lru, 4);
    lru.pop();
    expect(evicted).toEqual(nodes.slice(0, 2).map(({ name }) => name));
  });

  test("spares what was looked up", () => {
    const { lru, evicted } = list(4, "fixed");
    const nodes = fill(lru, 4);
    for (const node of nodes.slice(0, 2)) node.referenced = true;
    lru.pop();
    expect(evicted).toEqual(nodes.slice(2).map(({ name }) => name));
  });

  test("spares nobody where all were looked up: the active list is emptied first", () => {
    const { lru, evicted } = list(3, "fixed");
    for (const node of fill(lru, 3)) node.referenced = true;
    expect(lru.pop()).toBeDefined();
    expect(evicted).toHaveLength(3);
  });
});
