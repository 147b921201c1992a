/** BPF_MAP_TYPE_LRU_HASH (htab_lru_map_* of kernel/bpf/hashtab.c): a full map evicts elements instead of refusing. */
import { ERRNO } from "../../../bpf/errno.ts";
import { BPF_EXIST, BPF_F_NO_COMMON_LRU, BPF_NOEXIST } from "../../../bpf/uapi.ts";
import type { CompiledMap } from "../../../scenario/compiled-scenario.ts";
import { addressOf, NULL } from "../address.ts";
import type { SpecialFields } from "../special-fields.ts";
import { BpfMap, type MapHost, type MapKey, type MapValue } from "./bpf-map.ts";
import { checkFlags, type HashElement, HashMap } from "./hash-map.ts";
import { LruList } from "./lru-list.ts";
import type { LruNode } from "./lru-lists.ts";
import { PerCpuLruList } from "./per-cpu-lru-list.ts";

const isPerCpu = ({ flags }: CompiledMap): boolean => (flags & BPF_F_NO_COMMON_LRU) !== 0;

export interface LruElement extends HashElement, LruNode {}

export class LruHashMap extends HashMap {
  readonly #lru: LruList<LruElement> | PerCpuLruList<LruElement>;
  readonly #linked = new Map<MapKey, LruElement>();

  private constructor(
    host: MapHost,
    spec: CompiledMap,
    fields: SpecialFields,
    nodes: (map: LruHashMap) => LruElement[],
  ) {
    super(host, spec, fields);
    const evict = (node: LruElement): void => this.evict(node);
    this.#lru = isPerCpu(spec)
      ? new PerCpuLruList(nodes(this), host.processors, () => host.cpu, evict)
      : new LruList(nodes(this), host.profile.lruFreeTarget, evict);
  }

  /** htab_map_alloc with its preallocated elements, as many for each processor where they have lists of their own. */
  static create(host: MapHost, given: CompiledMap, fields: SpecialFields): LruHashMap | number {
    const { processors } = host;
    const maxEntries = isPerCpu(given) ? Math.ceil(given.maxEntries / processors) * processors : given.maxEntries;
    const spec = maxEntries === given.maxEntries ? given : { ...given, maxEntries };
    let complete = true;
    const map = new LruHashMap(host, spec, fields, (created) => {
      const nodes: LruElement[] = [];
      for (let index = 0; index < spec.maxEntries && complete; index++) {
        const element = created.newElement();
        if (element === undefined) complete = false;
        else nodes.push(Object.assign(element, { referenced: false, list: "free" as const }));
      }
      return nodes;
    });
    return complete ? map : -ERRNO.ENOMEM;
  }

  override lookup(key: MapKey, fromProgram: boolean): number {
    const element = this.#linked.get(key);
    if (element === undefined) return NULL;
    // Lookups from user space leave the reference bit alone (htab_lru_map_lookup_elem_sys).
    if (fromProgram) element.referenced = true;
    return addressOf(element.region, this.valueOffset + (fromProgram ? this.cpuOffset() : 0));
  }

  override update(key: MapKey, value: MapValue, flags: number): number {
    if (flags >>> 0 > BPF_EXIST || value instanceof BpfMap) return -ERRNO.EINVAL;
    const element = this.#lru.pop();
    if (element === undefined) return -ERRNO.ENOMEM;
    this.fill(element, key, value);
    const old = this.#linked.get(key);
    if (old !== undefined && this.isPerCpu && flags !== BPF_NOEXIST) {
      // __htab_lru_percpu_map_update_elem writes in place.
      this.copyValue(old.region, this.valueOffset, value);
      old.referenced = true;
      this.#release(element);
      return 0;
    }
    const refused = checkFlags(old !== undefined, flags);
    if (refused !== 0) {
      this.#release(element);
      return refused;
    }
    this.#linked.set(key, element);
    if (old !== undefined) {
      element.referenced = true;
      this.#release(old);
    }
    return 0;
  }

  override delete(key: MapKey): number {
    const element = this.#linked.get(key);
    if (element === undefined) return -ERRNO.ENOENT;
    this.#linked.delete(key);
    this.#release(element);
    return 0;
  }

  /** htab_lru_map_delete_node. */
  evict(node: LruElement): void {
    this.#linked.delete(node.key);
    this.freeTimerOf(node);
  }

  #release(element: LruElement): void {
    this.freeTimerOf(element);
    this.#lru.push(element);
  }
}
