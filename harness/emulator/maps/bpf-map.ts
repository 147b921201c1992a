/** What every map has: its attributes, its special fields, its references, and the operations of its type. */
import { BPF_MAP_TYPE, BPF_SPIN_LOCK_BYTES, BPF_TIMER_BYTES, BPF_WQ_BYTES } from "../../../bpf/uapi.ts";
import type { CompiledMap } from "../../../scenario/compiled-scenario.ts";
import type { Memory } from "../memory.ts";
import type { Profile } from "../profiles.ts";
import type { SpecialFields } from "../special-fields.ts";

/** What maps need of the machine they are in. */
export interface MapHost {
  readonly memory: Memory;
  readonly profile: Profile;
  readonly processors: number;
  /** The processor that executes. */
  readonly cpu: number;
  /** bpf_timer_cancel_and_free of the timer at this address, if one is there. */
  freeTimer(timerAddress: number): void;
  /** Drops a reference of a map (bpf_map_put), here one that an outer map held. */
  putMap(map: BpfMap): void;
}

/** A key: the number for the usual four bytes, else the bytes as text. */
export type MapKey = number | string;

/** What an update stores: bytes, or for a map of maps the map. */
export type MapValue = Uint8Array | BpfMap;

const ALIGNMENT = 8;
export const roundUp8 = (bytes: number): number => Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;

const PER_CPU_TYPES: ReadonlySet<number> = new Set([
  BPF_MAP_TYPE.PERCPU_ARRAY,
  BPF_MAP_TYPE.PERCPU_HASH,
  BPF_MAP_TYPE.LRU_PERCPU_HASH,
]);

/** How many bytes an element's value takes: of a per-CPU map, the values of all processors. */
export function valueBytesOf({ processors }: MapHost, { type, valueSize }: CompiledMap): number {
  return roundUp8(valueSize) * (PER_CPU_TYPES.has(type) ? processors : 1);
}

export abstract class BpfMap {
  /** refcnt: descriptors, pins, programs and outer maps. */
  references = 1;
  /** usercnt: descriptors and pins alone. */
  userReferences = 1;
  /** The address programs know the map by. */
  readonly handle: number;
  readonly spec: CompiledMap;
  readonly fields: SpecialFields;
  /** For a map of maps: the map whose shape inner maps must have. */
  readonly inner: BpfMap | undefined;
  /** Whether an element has a value for each processor. */
  readonly isPerCpu: boolean;
  protected readonly host: MapHost;
  protected readonly valueBytes: number;
  readonly #kept: readonly (readonly [start: number, end: number])[];

  constructor(host: MapHost, spec: CompiledMap, fields: SpecialFields, inner?: BpfMap) {
    this.host = host;
    this.spec = spec;
    this.fields = fields;
    this.inner = inner;
    this.isPerCpu = PER_CPU_TYPES.has(spec.type);
    this.valueBytes = valueBytesOf(host, spec);
    this.handle = host.memory.allocateHandle();
    const kept: (readonly [number, number])[] = [];
    if (fields.spinLockOffset >= 0) kept.push([fields.spinLockOffset, fields.spinLockOffset + BPF_SPIN_LOCK_BYTES]);
    if (fields.timerOffset >= 0) kept.push([fields.timerOffset, fields.timerOffset + BPF_TIMER_BYTES]);
    if (fields.workQueueOffset >= 0) kept.push([fields.workQueueOffset, fields.workQueueOffset + BPF_WQ_BYTES]);
    this.#kept = kept.sort(([a], [b]) => a - b);
  }

  /** map_lookup_elem: the address of the value (of the inner map, for a map of maps), or NULL. */
  abstract lookup(key: MapKey, fromProgram: boolean): number;
  /** map_update_elem. `flags` are those of the call; returns 0 or a negative errno. */
  abstract update(key: MapKey, value: MapValue, flags: number): number;
  /** map_delete_elem: 0 or a negative errno. */
  abstract delete(key: MapKey): number;
  /** map_release_uref: the last descriptor or pin is gone. */
  abstract freeTimers(): void;
  /** Drops what the elements hold: the last reference is gone. */
  abstract free(): void;
  /** The address of the key of the element whose value is at this address, as a timer's callback receives it. */
  abstract keyAddress(valueAddress: number): number;
  /** The address of the only element of an array with one element, for direct access; a negative errno otherwise. */
  abstract directValue(offset: number): number;

  /** Where in an element's value the executing processor's lies. */
  protected cpuOffset(): number {
    return this.isPerCpu ? this.host.cpu * roundUp8(this.spec.valueSize) : 0;
  }

  protected clearValue(region: number, offset: number): void {
    this.host.memory.slice(region, offset, this.valueBytes).fill(0);
  }

  /**
   * copy_map_value: writes a value in place, except for the special fields. Of a per-CPU map user space hands in the
   * values of all processors, and a program its own (pcpu_copy_value).
   */
  copyValue(region: number, offset: number, value: Uint8Array): void {
    if (this.isPerCpu) {
      const at = value.length === this.valueBytes ? offset : offset + this.cpuOffset();
      this.host.memory.slice(region, at, value.length).set(value);
      return;
    }
    const target = this.host.memory.slice(region, offset, this.spec.valueSize);
    let from = 0;
    for (const [start, end] of this.#kept) {
      target.set(value.subarray(from, start), from);
      from = end;
    }
    target.set(value.subarray(from, this.spec.valueSize), from);
  }

  /** What user space reads: the value with its special fields zeroed (check_and_init_map_value). */
  readValue(region: number, offset: number): Uint8Array {
    const bytes = this.isPerCpu ? this.valueBytes : this.spec.valueSize;
    const value = this.host.memory.slice(region, offset, bytes).slice();
    for (const [start, end] of this.#kept) value.fill(0, start, end);
    return value;
  }
}
