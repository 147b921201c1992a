/**
 * How nodes move between the lists of an LRU map, as __bpf_lru_list_rotate and __bpf_lru_list_shrink of
 * kernel/bpf/bpf_lru_list.c move them. A list is written from its head, `*` marks the reference bit.
 */
import { describe, expect, test } from "vitest";
import { LruLists, type LruNode } from "../../../../harness/emulator/maps/lru-lists.ts";

interface Named extends LruNode {
  readonly name: string;
}

const NAMES = ["active", "inactive", "free"] as const;

interface Text {
  active?: string;
  inactive?: string;
  free?: string;
}

/** Lists with these nodes, of which one pass looks at `scans`. */
function listsOf(text: Text, scans = 10) {
  const evicted: string[] = [];
  const lists = new LruLists<Named>(scans, ({ name }) => evicted.push(name));
  const nodes = new Map<string, Named>();
  for (const list of NAMES)
    for (const word of (text[list] ?? "").split(" ").filter((each) => each !== "")) {
      const node = { name: word.charAt(0), referenced: word.endsWith("*"), list };
      nodes.set(node.name, node);
      lists[list].push(node);
    }
  const nodeOf = (name: string): Named => nodes.get(name) as Named;
  return {
    lists,
    evicted,
    nodeOf,
    look: (...names: string[]): void => {
      for (const name of names) nodeOf(name).referenced = true;
    },
    shrink: (count: number): void => lists.shrink(count, (node) => lists.move(node, "free")),
    get text() {
      const written = NAMES.map((list) => {
        const named = lists[list].map((node) => {
          expect(node.list).toBe(list);
          return `${node.name}${node.referenced ? "*" : ""}`;
        });
        return [list, named.join(" ")];
      });
      return Object.fromEntries(written.filter(([, nodesOfList]) => nodesOfList !== "")) as Record<string, string>;
    },
  };
}

describe("a pass over the active list", () => {
  test("gives up what was not looked at, and lets the rest begin anew at the head", () => {
    const world = listsOf({ active: "a b* c*" });
    world.lists.rotate();
    expect(world.text).toEqual({ active: "b c", inactive: "a" });
  });

  test("is made only where it is the longer list", () => {
    const world = listsOf({ active: "a", inactive: "b" });
    world.lists.rotate();
    expect(world.text).toEqual({ active: "a", inactive: "b" });
  });

  test("begins at the tail, and looks at so many nodes alone", () => {
    const world = listsOf({ active: "a b c d" }, 2);
    world.lists.rotate();
    expect(world.text).toEqual({ active: "a b", inactive: "c d" });
  });
});

describe("a pass over the inactive list", () => {
  test("makes active what was looked at, and leaves the rest where it is", () => {
    const world = listsOf({ inactive: "a* b c*" });
    world.lists.rotate();
    expect(world.text).toEqual({ active: "a c", inactive: "b" });
  });

  test("goes on the next time where it stopped", () => {
    const world = listsOf({ inactive: "a b c d" }, 2);
    world.lists.rotate();
    world.look("b", "d");
    world.lists.rotate();
    expect(world.text).toEqual({ active: "b", inactive: "a c d*" });
    world.lists.rotate();
    expect(world.text).toEqual({ active: "d b", inactive: "a c" });
  });

  test("goes on behind the head with the tail, and not beyond where it began", () => {
    const world = listsOf({ inactive: "a b c d" }, 3);
    world.lists.rotate();
    world.look("a", "b", "c", "d");
    world.lists.rotate();
    expect(world.text).toEqual({ active: "c d a", inactive: "b*" });
    const short = listsOf({ inactive: "a b c" }, 2);
    short.lists.rotate();
    short.look("a", "b", "c");
    short.lists.rotate();
    expect(short.text).toEqual({ active: "c a", inactive: "b*" });
  });

  test("ends with the node that it would begin with the next time", () => {
    const world = listsOf({ inactive: "a b c" }, 2);
    world.lists.rotate();
    world.lists.move(world.nodeOf("b"), "free");
    world.look("a");
    world.lists.rotate();
    expect(world.text).toEqual({ active: "a", inactive: "c", free: "b" });
  });

  test("goes on with the node before where the one it would go on with is gone", () => {
    const world = listsOf({ inactive: "a b c d e" }, 2);
    world.lists.rotate();
    world.lists.move(world.nodeOf("c"), "free");
    world.look("a", "b", "e");
    world.lists.rotate();
    expect(world.text).toEqual({ active: "a b", inactive: "d e*", free: "c" });
  });

  test("goes on where it would have where another node is gone", () => {
    const world = listsOf({ inactive: "a b c d e" }, 2);
    world.lists.rotate();
    world.lists.move(world.nodeOf("d"), "free");
    world.look("a", "b", "c");
    world.lists.rotate();
    expect(world.text).toEqual({ active: "b c", inactive: "a* e", free: "d" });
  });

  test("ends where every node was looked at", () => {
    const world = listsOf({ inactive: "a* b* c* d*" }, 2);
    world.lists.rotate();
    expect(world.text).toEqual({ active: "c d", inactive: "a* b*" });
    world.lists.rotate();
    expect(world.text).toEqual({ active: "a b c d" });
    world.lists.rotate();
    expect(world.text).toEqual({ active: "a b", inactive: "c d" });
  });
});

describe("shrinking", () => {
  test.each([
    ["takes the oldest, so many", { inactive: "a b* c d" }, 2, { inactive: "a b*", free: "c d" }],
    ["makes active what was looked at", { inactive: "a* b c*" }, 5, { active: "a c", free: "b" }],
    [
      "takes the oldest of the active list where all were looked at",
      { inactive: "a* b*" },
      1,
      { active: "a", free: "b" },
    ],
    ["and where none is inactive", { active: "a b*" }, 1, { active: "a", free: "b" }],
    ["takes none of an empty list", {}, 1, {}],
  ])("%s", (_, before: Text, count, after: Text) => {
    const world = listsOf(before);
    world.shrink(count);
    expect(world.text).toEqual(after);
    expect(world.evicted.toReversed().join(" ")).toBe(after.free ?? "");
  });

  test("looks at so many nodes alone, and takes an inactive one that was looked at before any active one", () => {
    const some = listsOf({ inactive: "a b c" }, 2);
    some.shrink(5);
    expect(some.text).toEqual({ inactive: "a", free: "b c" });
    const world = listsOf({ active: "x", inactive: "a* b*" }, 1);
    world.shrink(1);
    expect(world.text).toEqual({ active: "b x", free: "a" });
  });
});

test("a node that is on none of the lists is put on one, and the others stay", () => {
  const world = listsOf({ active: "a", inactive: "b" });
  world.lists.move({ name: "p", referenced: true, list: "pending" }, "inactive");
  world.lists.move({ name: "l", referenced: false, list: "local-free" }, "free");
  expect(world.text).toEqual({ active: "a", inactive: "p b", free: "l" });
});
