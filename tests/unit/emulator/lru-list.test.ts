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

  test("takes free nodes in batches, the last one added first of each", () => {
    const names = (lru: LruList<Named>, count: number): string[] => fill(lru, count).map(({ name }) => name);
    expect(names(list(4, "fixed").lru, 4)).toEqual(["n0", "n1", "n2", "n3"]);
    expect(names(list(4, "scaled").lru, 4)).toEqual(["n2", "n3", "n0", "n1"]);
    expect(names(list(3, "scaled").lru, 3)).toEqual(["n2", "n1", "n0"]);
    expect(names(list(1, "scaled").lru, 1)).toEqual(["n0"]);
    expect(names(list(300, "scaled").lru, 1)).toEqual(["n172"]);
  });

  test("hands out first what was given back before the next batch", () => {
    const { lru, evicted } = list(4, "scaled");
    const [first, second] = fill(lru, 2) as [Named, Named];
    first.referenced = true;
    lru.push(first);
    expect(first).toMatchObject({ list: "local-free", referenced: false });
    expect(lru.pop()).toBe(first);
    expect(first.list).toBe("pending");
    lru.push(second);
    lru.push(first);
    expect(fill(lru, 2)).toEqual([first, second]);
    expect(evicted).toEqual([]);
  });

  test("makes a batch of the nodes that were given back since, and of as many evicted ones as are missing", () => {
    const { lru, evicted } = list(4, "scaled");
    const [first, second] = fill(lru, 3) as [Named, Named];
    lru.push(first);
    expect(first.list).toBe("free");
    fill(lru, 1);
    expect(fill(lru, 2)).toEqual([second, first]);
    expect(evicted).toEqual([second.name]);
  });

  test("keeps nodes in order while they wait", () => {
    const { lru, evicted } = list(3, "fixed");
    const [first, second, third] = fill(lru, 3) as [Named, Named, Named];
    lru.push(second);
    expect(lru.pop()).toBe(second);
    lru.pop();
    expect(evicted).toEqual([first, third, second].map(({ name }) => name));
  });

  test("has nothing to give where it has no nodes", () => {
    expect(list(0, "scaled").lru.pop()).toBeUndefined();
  });
});
