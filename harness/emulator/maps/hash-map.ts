/**
 * BPF_MAP_TYPE_HASH (kernel/bpf/hashtab.c). An element is a region of its own: the key, rounded up to eight bytes, and
 * then the value. A freed element is the next one allocated, as in the kernel's per-processor free lists, so a pointer
 * that a program kept points into memory that may have a new owner.
 */
import { ERRNO } from "../../../bpf/errno.ts";
import { BPF_EXIST, BPF_F_LOCK, BPF_F_NO_PREALLOC, BPF_NOEXIST } from "../../../bpf/uapi.ts";
import type { CompiledMap } from "../../../scenario/compiled-scenario.ts";
import { addressOf, NULL, regionOf } from "../address.ts";
import type { SpecialFields } from "../special-fields.ts";
import { BpfMap, type MapHost, type MapKey, type MapValue, roundUp8 } from "./bpf-map.ts";

export interface HashElement {
  readonly region: number;
  key: MapKey;
}

export class HashMap extends BpfMap {
  protected readonly elements = new Map<MapKey, HashElement>();
  protected readonly valueOffset: number;
  readonly #preallocated: boolean;
  /** Freed elements, the latest last. */
  readonly #free: HashElement[] = [];
  /** Every element that has ever been handed out: preallocated maps free the timers of all of them. */
  readonly #everUsed: HashElement[] = [];
  /** The spare element that a replacement swaps with the old one (htab->extra_elems). */
  #spare: HashElement | undefined;

  constructor(host: MapHost, spec: CompiledMap, fields: SpecialFields) {
    super(host, spec, fields);
    this.valueOffset = roundUp8(spec.keySize);
    this.#preallocated = (spec.flags & BPF_F_NO_PREALLOC) === 0;
  }

  override lookup(key: MapKey, fromProgram: boolean): number {
    const element = this.elements.get(key);
    if (element === undefined) return NULL;
    return addressOf(element.region, this.valueOffset + (fromProgram ? this.cpuOffset() : 0));
  }

  override update(key: MapKey, value: MapValue, flags: number): number {
    if ((flags & ~BPF_F_LOCK) >>> 0 > BPF_EXIST) return -ERRNO.EINVAL;
    if (value instanceof BpfMap) return -ERRNO.EINVAL;
    if ((flags & BPF_F_LOCK) !== 0 && this.fields.spinLockOffset < 0) return -ERRNO.EINVAL;
    const old = this.elements.get(key);
    const refused = checkFlags(old !== undefined, flags & ~BPF_F_LOCK);
    if (refused !== 0) return refused;
    if (old !== undefined && ((flags & BPF_F_LOCK) !== 0 || this.isPerCpu)) {
      this.copyValue(old.region, this.valueOffset, value);
      return 0;
    }
    const element = this.#allocate(old);
    if (typeof element === "number") return element;
    this.fill(element, key, value);
    this.elements.set(key, element);
    if (old !== undefined) {
      this.freeTimerOf(old);
      if (!this.#preallocated) this.#free.push(old);
    }
    return 0;
  }

  override delete(key: MapKey): number {
    const element = this.elements.get(key);
    if (element === undefined) return -ERRNO.ENOENT;
    this.elements.delete(key);
    this.freeTimerOf(element);
    this.#free.push(element);
    return 0;
  }

  override freeTimers(): void {
    const elements = this.#preallocated ? this.#everUsed : this.elements.values();
    for (const element of elements) this.freeTimerOf(element);
  }

  override free(): void {
    this.freeTimers();
    this.elements.clear();
  }

  override keyAddress(valueAddress: number): number {
    return addressOf(regionOf(valueAddress), 0);
  }

  override directValue(): number {
    return -ERRNO.EINVAL;
  }

  /** Writes key and value into an element that is about to be linked; the special fields stay as they are. */
  protected fill(element: HashElement, key: MapKey, value: Uint8Array): void {
    element.key = key;
    this.writeKey(element.region, key);
    if (this.isPerCpu) this.clearValue(element.region, this.valueOffset);
    this.copyValue(element.region, this.valueOffset, value);
  }

  protected writeKey(region: number, key: MapKey): void {
    const { memory } = this.host;
    if (typeof key === "number") memory.view.setUint32(memory.at(region, 0, 4), key, true);
    else memory.slice(region, 0, this.spec.keySize).set(Buffer.from(key, "latin1"));
  }

  protected newElement(): HashElement | undefined {
    const region = this.host.memory.allocate(this.valueOffset + this.valueBytes);
    if (region === undefined) return undefined;
    const element = { region, key: 0 };
    this.#everUsed.push(element);
    return element;
  }

  /** check_and_free_fields. */
  protected freeTimerOf(element: HashElement): void {
    if (this.fields.timerOffset >= 0)
      this.host.freeTimer(addressOf(element.region, this.valueOffset + this.fields.timerOffset));
  }

  /** alloc_htab_elem: an element for a key that is new, or that replaces `old`. */
  #allocate(old: HashElement | undefined): HashElement | number {
    if (this.#preallocated && old !== undefined) {
      const element = this.#spare ?? this.newElement();
      this.#spare = old;
      return element ?? -ERRNO.ENOMEM;
    }
    if (old === undefined && this.elements.size >= this.spec.maxEntries) return -ERRNO.E2BIG;
    return this.#free.pop() ?? this.newElement() ?? -ERRNO.ENOMEM;
  }
}

/** check_flags of hashtab.c: BPF_NOEXIST on an element that exists, BPF_EXIST on one that does not. */
export function checkFlags(exists: boolean, flags: number): number {
  if (exists && flags === BPF_NOEXIST) return -ERRNO.EEXIST;
  if (!exists && flags === BPF_EXIST) return -ERRNO.ENOENT;
  return 0;
}
