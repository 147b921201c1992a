/**
 * The order in which an LRU map gives up its elements: kernel/bpf/bpf_lru_list.c with the common list and one
 * processor. New nodes wait on a local list; when the local free nodes run out, a batch is collected from the global
 * free list and then by evicting inactive nodes without the reference bit.
 */

export interface LruNode {
  referenced: boolean;
  list: "free" | "active" | "inactive" | "local-free" | "pending";
}

/** LOCAL_FREE_TARGET and LOCAL_NR_SCANS. */
const FREE_TARGET_MAX = 128;
const SCANS_MAX = 128;

export class LruList<Node extends LruNode> {
  /** Each list with its head first. */
  readonly #free: Node[] = [];
  readonly #active: Node[] = [];
  readonly #inactive: Node[] = [];
  readonly #localFree: Node[] = [];
  readonly #pending: Node[] = [];
  readonly #freeTarget: number;
  /** Takes a node out of the hash table, so that it can be used again. */
  readonly #evict: (node: Node) => void;

  constructor(nodes: readonly Node[], freeTarget: "fixed" | "scaled", evict: (node: Node) => void) {
    for (const node of nodes) this.#free.unshift(node);
    const scaled = Math.min(Math.max(Math.floor(nodes.length / 2), 1), FREE_TARGET_MAX);
    this.#freeTarget = freeTarget === "fixed" ? FREE_TARGET_MAX : scaled;
    this.#evict = evict;
  }

  /** bpf_common_lru_pop_free: a node for a new element; evicts others where none is free. */
  pop(): Node | undefined {
    let node = this.#localFree.shift();
    if (node === undefined) {
      this.#collect();
      node = this.#localFree.shift();
    }
    node ??= this.#stealPending();
    if (node === undefined) return undefined;
    node.list = "pending";
    node.referenced = false;
    this.#pending.unshift(node);
    return node;
  }

  /** bpf_common_lru_push_free: an element was deleted. */
  push(node: Node): void {
    if (node.list === "pending") this.#move(node, this.#localFree, "local-free");
    else this.#move(node, this.#free, "free");
  }

  #listOf(node: Node): Node[] {
    switch (node.list) {
      case "free":
        return this.#free;
      case "active":
        return this.#active;
      case "inactive":
        return this.#inactive;
      case "local-free":
        return this.#localFree;
      default:
        return this.#pending;
    }
  }

  #move(node: Node, to: Node[], list: LruNode["list"]): void {
    const from = this.#listOf(node);
    from.splice(from.indexOf(node), 1);
    node.list = list;
    node.referenced = false;
    to.unshift(node);
  }

  /** bpf_lru_list_pop_free_to_local. */
  #collect(): void {
    for (const node of this.#pending.slice().reverse())
      if (node.referenced) this.#move(node, this.#active, "active");
      else this.#move(node, this.#inactive, "inactive");
    this.#rotate();
    let collected = 0;
    for (const node of this.#free.slice()) {
      this.#move(node, this.#localFree, "local-free");
      if (++collected === this.#freeTarget) return;
    }
    this.#shrink(this.#freeTarget - collected);
  }

  /** __bpf_lru_list_rotate. */
  #rotate(): void {
    if (this.#inactive.length < this.#active.length)
      for (const node of this.#active.slice().reverse().slice(0, SCANS_MAX))
        if (node.referenced) this.#move(node, this.#active, "active");
        else this.#move(node, this.#inactive, "inactive");
    for (const node of this.#inactive.slice().reverse().slice(0, SCANS_MAX))
      if (node.referenced) this.#move(node, this.#active, "active");
  }

  /** __bpf_lru_list_shrink: evicts up to `count` nodes, or one with its reference bit set where no other is left. */
  #shrink(count: number): void {
    let shrunk = 0;
    for (const node of this.#inactive.slice().reverse().slice(0, SCANS_MAX)) {
      if (node.referenced) this.#move(node, this.#active, "active");
      else {
        this.#evict(node);
        this.#move(node, this.#localFree, "local-free");
        if (++shrunk === count) break;
      }
    }
    if (shrunk > 0) return;
    const forced = (this.#inactive.length > 0 ? this.#inactive : this.#active).at(-1);
    if (forced === undefined) return;
    this.#evict(forced);
    this.#move(forced, this.#localFree, "local-free");
  }

  /** __local_list_pop_pending: the oldest pending node, one without the reference bit first. */
  #stealPending(): Node | undefined {
    const oldestFirst = this.#pending.slice().reverse();
    const node = oldestFirst.find(({ referenced }) => !referenced) ?? oldestFirst[0];
    if (node === undefined) return undefined;
    this.#evict(node);
    this.#pending.splice(this.#pending.indexOf(node), 1);
    return node;
  }
}
