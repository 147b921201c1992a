/**
 * The three lists of struct bpf_lru_list, kernel/bpf/bpf_lru_list.c: free nodes, active and inactive ones, and how nodes
 * move between them. Each list has its head first.
 */

export interface LruNode {
  referenced: boolean;
  list: "free" | "active" | "inactive" | "local-free" | "pending";
}

type ListName = "free" | "active" | "inactive";

export class LruLists<Node extends LruNode> {
  readonly free: Node[] = [];
  readonly active: Node[] = [];
  readonly inactive: Node[] = [];
  /** How many nodes one pass over a list looks at (nr_scans). */
  readonly #scansMax: number;
  /** Takes a node out of the hash table, so that it can be used again. */
  readonly #evict: (node: Node) => void;
  /** next_inactive_rotation: where the next pass over the inactive list begins; undefined stands for the list's head. */
  #nextRotation: Node | undefined;

  constructor(scansMax: number, evict: (node: Node) => void) {
    this.#scansMax = scansMax;
    this.#evict = evict;
  }

  /** __bpf_lru_node_move, and __bpf_lru_node_move_in for a node that is on none of these lists. */
  move(node: Node, to: ListName): void {
    this.take(node);
    node.list = to;
    node.referenced = false;
    this[to].unshift(node);
  }

  /** Takes a node off its list, where it is on one of these. */
  take(node: Node): void {
    if (node.list === "local-free" || node.list === "pending") return;
    if (node === this.#nextRotation) this.#nextRotation = this.#before(node);
    const from = this[node.list];
    from.splice(from.indexOf(node), 1);
  }

  /** __bpf_lru_list_rotate. */
  rotate(): void {
    if (this.inactive.length < this.active.length) this.#rotateActive();
    this.#rotateInactive();
  }

  /**
   * __bpf_lru_list_shrink: evicts up to `count` nodes, or one with its reference bit set where no other is left. Each is
   * handed over as soon as it is out of the hash table.
   */
  shrink(count: number, take: (node: Node) => void): void {
    let shrunk = 0;
    for (const node of this.inactive.slice().reverse().slice(0, this.#scansMax)) {
      if (node.referenced) this.move(node, "active");
      else {
        this.#evict(node);
        take(node);
        if (++shrunk === count) break;
      }
    }
    if (shrunk > 0) return;
    const forced = (this.inactive.length > 0 ? this.inactive : this.active).at(-1);
    if (forced === undefined) return;
    this.#evict(forced);
    take(forced);
  }

  #rotateActive(): void {
    for (const node of this.active.slice().reverse().slice(0, this.#scansMax))
      this.move(node, node.referenced ? "active" : "inactive");
  }

  /** __bpf_lru_list_rotate_inactive: goes round the list towards its head, from where it stopped the last time. */
  #rotateInactive(): void {
    if (this.inactive.length === 0) return;
    const last = this.#nextRotation === undefined ? this.inactive[0] : this.#after(this.#nextRotation);
    let current = this.#nextRotation;
    let next: Node | undefined;
    for (let scans = 0; scans < this.#scansMax; ) {
      if (current === undefined) {
        current = this.inactive.at(-1);
        if (current === undefined) break;
        continue;
      }
      next = this.#before(current);
      if (current.referenced) this.move(current, "active");
      if (current === last) break;
      current = next;
      scans++;
    }
    this.#nextRotation = next;
  }

  /** The next node towards the head of the inactive list; undefined where that is the head itself. */
  #before(node: Node): Node | undefined {
    return this.inactive[this.inactive.indexOf(node) - 1];
  }

  /** The next node away from the head, and behind the last one the first. */
  #after(node: Node): Node | undefined {
    return this.inactive[this.inactive.indexOf(node) + 1] ?? this.inactive[0];
  }
}
