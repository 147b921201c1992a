/**
 * The order in which an LRU map gives up its elements: kernel/bpf/bpf_lru_list.c with the common list and one
 * processor. New nodes wait on a local list; when the local free nodes run out, a batch is collected from the global
 * free list and then by evicting inactive nodes without the reference bit. Nodes that wait are only taken away from
 * other processors (__local_list_pop_pending): one's own have just been put on the other lists.
 */
import { LruLists, type LruNode } from "./lru-lists.ts";

/** LOCAL_FREE_TARGET and LOCAL_NR_SCANS. */
const FREE_TARGET_MAX = 128;
const SCANS_MAX = 128;

export class LruList<Node extends LruNode> {
  readonly #lists: LruLists<Node>;
  readonly #localFree: Node[] = [];
  readonly #pending: Node[] = [];
  readonly #freeTarget: number;

  /** `evict` takes a node out of the hash table, so that it can be used again. */
  constructor(nodes: readonly Node[], freeTarget: "fixed" | "scaled", evict: (node: Node) => void) {
    this.#lists = new LruLists(SCANS_MAX, evict);
    for (const node of nodes) this.#lists.free.unshift(node);
    const scaled = Math.min(Math.max(Math.floor(nodes.length / 2), 1), FREE_TARGET_MAX);
    this.#freeTarget = freeTarget === "fixed" ? FREE_TARGET_MAX : scaled;
  }

  /** bpf_common_lru_pop_free: a node for a new element; evicts others where none is free. */
  pop(): Node | undefined {
    let node = this.#localFree.shift();
    if (node === undefined) {
      this.#collect();
      node = this.#localFree.shift();
    }
    if (node === undefined) return undefined;
    node.list = "pending";
    node.referenced = false;
    this.#pending.unshift(node);
    return node;
  }

  /** bpf_common_lru_push_free: an element was deleted. */
  push(node: Node): void {
    if (node.list === "pending") {
      this.#pending.splice(this.#pending.indexOf(node), 1);
      this.#toLocalFree(node);
    } else this.#lists.move(node, "free");
  }

  #toLocalFree(node: Node): void {
    this.#lists.take(node);
    node.list = "local-free";
    node.referenced = false;
    this.#localFree.unshift(node);
  }

  /** bpf_lru_list_pop_free_to_local. */
  #collect(): void {
    const lists = this.#lists;
    for (const node of this.#pending.splice(0).reverse()) lists.move(node, node.referenced ? "active" : "inactive");
    lists.rotate();
    let collected = 0;
    for (const node of lists.free.slice()) {
      this.#toLocalFree(node);
      if (++collected === this.#freeTarget) return;
    }
    lists.shrink(this.#freeTarget - collected, (node) => this.#toLocalFree(node));
  }
}
