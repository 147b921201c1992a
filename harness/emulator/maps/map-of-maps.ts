/** BPF_MAP_TYPE_ARRAY_OF_MAPS and BPF_MAP_TYPE_HASH_OF_MAPS: elements that are references of other maps. */
import { ERRNO } from "../../../bpf/errno.ts";
import { BPF_EXIST, BPF_F_INNER_MAP, BPF_MAP_TYPE } from "../../../bpf/uapi.ts";
import type { CompiledMap } from "../../../scenario/compiled-scenario.ts";
import { addressOf, NULL } from "../address.ts";
import { NO_SPECIAL_FIELDS } from "../special-fields.ts";
import { BpfMap, type MapHost, type MapKey, type MapValue } from "./bpf-map.ts";
import { checkFlags } from "./hash-map.ts";

export class MapOfMaps extends BpfMap {
  readonly #maps = new Map<MapKey, BpfMap>();
  readonly #isArray: boolean;

  constructor(host: MapHost, spec: CompiledMap, inner: BpfMap) {
    // The kernel keeps a copy of the inner map's description, which is no map that a program could name.
    super(host, spec, NO_SPECIAL_FIELDS, Object.create(inner) as BpfMap);
    this.#isArray = spec.type === BPF_MAP_TYPE.ARRAY_OF_MAPS;
  }

  override lookup(key: MapKey): number {
    const map = this.#maps.get(key);
    return map === undefined ? NULL : addressOf(map.handle, 0);
  }

  /** bpf_fd_array_map_update_elem, bpf_fd_htab_map_update_elem. */
  override update(key: MapKey, value: MapValue, flags: number): number {
    if (!(value instanceof BpfMap)) return -ERRNO.EINVAL;
    if (this.#isArray) {
      if (flags !== 0) return -ERRNO.EINVAL;
      if (typeof key !== "number" || key >= this.spec.maxEntries) return -ERRNO.E2BIG;
    }
    if (this.inner === undefined || !sameShape(this.inner, value)) return -ERRNO.EINVAL;
    const old = this.#maps.get(key);
    if (!this.#isArray) {
      if (flags >>> 0 > BPF_EXIST) return -ERRNO.EINVAL;
      const refused = checkFlags(old !== undefined, flags);
      if (refused !== 0) return refused;
      if (old === undefined && this.#maps.size >= this.spec.maxEntries) return -ERRNO.E2BIG;
    }
    value.references++;
    this.#maps.set(key, value);
    if (old !== undefined) this.host.putMap(old);
    return 0;
  }

  override delete(key: MapKey): number {
    if (this.#isArray && (typeof key !== "number" || key >= this.spec.maxEntries)) return -ERRNO.E2BIG;
    const map = this.#maps.get(key);
    if (map === undefined) return -ERRNO.ENOENT;
    this.#maps.delete(key);
    this.host.putMap(map);
    return 0;
  }

  override freeTimers(): void {
    // Its elements are maps: their timers hang on their own user references.
  }

  override free(): void {
    for (const map of this.#maps.values()) this.host.putMap(map);
    this.#maps.clear();
  }

  override keyAddress(): number {
    return NULL;
  }

  override directValue(): number {
    return -ERRNO.EINVAL;
  }
}

/** bpf_map_meta_equal, and for arrays array_map_meta_equal: whether a map can be the inner map of another's slot. */
function sameShape(a: BpfMap, b: BpfMap): boolean {
  const same =
    a.spec.type === b.spec.type &&
    a.spec.keySize === b.spec.keySize &&
    a.spec.valueSize === b.spec.valueSize &&
    a.spec.flags === b.spec.flags &&
    Math.max(a.fields.timerOffset, -1) === Math.max(b.fields.timerOffset, -1) &&
    Math.max(a.fields.spinLockOffset, -1) === Math.max(b.fields.spinLockOffset, -1) &&
    Math.max(a.fields.workQueueOffset, -1) === Math.max(b.fields.workQueueOffset, -1);
  if (!same || a.spec.type !== BPF_MAP_TYPE.ARRAY) return same;
  return (a.spec.flags & BPF_F_INNER_MAP) !== 0 || a.spec.maxEntries === b.spec.maxEntries;
}
