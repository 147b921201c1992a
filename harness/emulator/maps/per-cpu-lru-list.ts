/**
 * The order in which an LRU map with BPF_F_NO_COMMON_LRU gives up its elements: kernel/bpf/bpf_lru_list.c,
 * bpf_percpu_lru_*. Each processor has nodes and lists of its own.
 */
import { LruLists, type LruNode } from "./lru-lists.ts";

/** PERCPU_FREE_TARGET and PERCPU_NR_SCANS. */
const FREE_TARGET = 4;
const SCANS_MAX = 4;

export class PerCpuLruList<Node extends LruNode> {
  readonly #lists: readonly LruLists<Node>[];
  readonly #owners = new Map<Node, LruLists<Node>>();
  readonly #currentCpu: () => number;

  /** bpf_percpu_lru_populate: as many nodes for each processor. `currentCpu` is the one that acts. */
  constructor(nodes: readonly Node[], cpus: number, currentCpu: () => number, evict: (node: Node) => void) {
    this.#lists = Array.from({ length: cpus }, () => new LruLists<Node>(SCANS_MAX, evict));
    this.#currentCpu = currentCpu;
    for (const [at, node] of nodes.entries()) {
      const lists = this.#lists[Math.floor(at / (nodes.length / cpus))] as LruLists<Node>;
      lists.free.unshift(node);
      this.#owners.set(node, lists);
    }
  }

  /** bpf_percpu_lru_pop_free: a node for a new element; evicts others of this processor where none is free. */
  pop(): Node | undefined {
    const lists = this.#lists[this.#currentCpu()] as LruLists<Node>;
    lists.rotate();
    if (lists.free.length === 0) lists.shrink(FREE_TARGET, (node) => lists.move(node, "free"));
    const [node] = lists.free;
    if (node !== undefined) lists.move(node, "inactive");
    return node;
  }

  /** bpf_percpu_lru_push_free: an element was deleted. */
  push(node: Node): void {
    this.#owners.get(node)?.move(node, "free");
  }
}
