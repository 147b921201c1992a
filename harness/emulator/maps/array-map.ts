/** BPF_MAP_TYPE_ARRAY (kernel/bpf/arraymap.c). All elements exist from the start and lie in one region. */
import { ERRNO } from "../../../bpf/errno.ts";
import { BPF_EXIST, BPF_F_LOCK, BPF_NOEXIST } from "../../../bpf/uapi.ts";
import type { CompiledMap } from "../../../scenario/compiled-scenario.ts";
import { addressOf, NULL, offsetOf } from "../address.ts";
import type { SpecialFields } from "../special-fields.ts";
import { BpfMap, type MapHost, type MapKey, type MapValue, valueBytesOf } from "./bpf-map.ts";

const INDEX_BYTES = 4;

export class ArrayMap extends BpfMap {
  readonly #region: number;
  readonly #elementBytes: number;
  #keyRegion: number | undefined;

  private constructor(host: MapHost, spec: CompiledMap, fields: SpecialFields, region: number) {
    super(host, spec, fields);
    this.#region = region;
    this.#elementBytes = this.valueBytes;
  }

  /** array_map_alloc: the map, or -ENOMEM. */
  static create(host: MapHost, spec: CompiledMap, fields: SpecialFields): ArrayMap | number {
    const region = host.memory.allocate(valueBytesOf(host, spec) * spec.maxEntries);
    return region === undefined ? -ERRNO.ENOMEM : new ArrayMap(host, spec, fields, region);
  }

  override lookup(key: MapKey, fromProgram: boolean): number {
    if (!this.#inside(key)) return NULL;
    return addressOf(this.#region, Number(key) * this.#elementBytes + (fromProgram ? this.cpuOffset() : 0));
  }

  override update(key: MapKey, value: MapValue, flags: number): number {
    // Flag bits above the lowest two and BPF_F_LOCK are unknown.
    if ((flags & ~BPF_F_LOCK) >>> 0 > BPF_EXIST) return -ERRNO.EINVAL;
    if (!this.#inside(key)) return -ERRNO.E2BIG;
    if ((flags & BPF_NOEXIST) !== 0) return -ERRNO.EEXIST;
    if ((flags & BPF_F_LOCK) !== 0 && this.fields.spinLockOffset < 0) return -ERRNO.EINVAL;
    if (value instanceof BpfMap) return -ERRNO.EINVAL;
    const offset = Number(key) * this.#elementBytes;
    this.copyValue(this.#region, offset, value);
    this.#freeTimer(Number(key));
    return 0;
  }

  override delete(): number {
    return -ERRNO.EINVAL;
  }

  override freeTimers(): void {
    if (this.fields.timerOffset < 0) return;
    for (let index = 0; index < this.spec.maxEntries; index++) this.#freeTimer(index);
  }

  override free(): void {
    this.freeTimers();
  }

  override keyAddress(valueAddress: number): number {
    // The kernel hands out a pointer to an index on its own stack; no two callbacks of a map run at once here.
    const { memory } = this.host;
    if (this.#keyRegion === undefined) this.#keyRegion = memory.allocate(INDEX_BYTES);
    if (this.#keyRegion === undefined) return NULL;
    const index = offsetOf(valueAddress) / this.#elementBytes;
    memory.view.setUint32(memory.at(this.#keyRegion, 0, INDEX_BYTES), index, true);
    return addressOf(this.#keyRegion, 0);
  }

  override directValue(offset: number): number {
    if (this.spec.maxEntries !== 1) return -ERRNO.ENOTSUPP;
    if (offset >>> 0 >= this.spec.valueSize) return -ERRNO.EINVAL;
    return addressOf(this.#region, offset);
  }

  #inside(key: MapKey): boolean {
    return typeof key === "number" && key < this.spec.maxEntries;
  }

  #freeTimer(index: number): void {
    if (this.fields.timerOffset >= 0)
      this.host.freeTimer(addressOf(this.#region, index * this.#elementBytes + this.fields.timerOffset));
  }
}
