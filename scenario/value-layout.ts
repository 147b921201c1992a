/** Where things lie in a map's value. */
import { BPF_SPIN_LOCK_BYTES, BPF_TIMER_BYTES, BPF_WQ_BYTES } from "../bpf/uapi.ts";
import type { MapSpec, ValueField } from "./scenario.ts";

export const FIELD_BYTES: Record<ValueField["kind"], number> = {
  u64: 8,
  timer: BPF_TIMER_BYTES,
  "spin-lock": BPF_SPIN_LOCK_BYTES,
  "work-queue": BPF_WQ_BYTES,
};

/** The byte offset of the first field of a kind, or undefined where the value has none. */
export function fieldOffset(map: MapSpec, kind: ValueField["kind"]): number | undefined {
  return map.value.fields.find((field) => field.kind === kind)?.offset;
}

/** The value user space writes in an `update` step: `payload` in each u64 field, `fill` in each byte of the others. */
export function valueBytes(map: MapSpec, payload: number, fill: number): Uint8Array {
  const bytes = new Uint8Array(map.value.size);
  const view = new DataView(bytes.buffer);
  for (const { kind, offset } of map.value.fields) {
    if (kind === "u64") view.setBigUint64(offset, BigInt(payload), true);
    else bytes.fill(fill, offset, offset + FIELD_BYTES[kind]);
  }
  return bytes;
}

/** The first u64 field of a value that user space read; undefined where the map has none. */
export function payloadOf(map: MapSpec, valueHex: string): number | undefined {
  const offset = fieldOffset(map, "u64");
  if (offset === undefined) return undefined;
  return Buffer.from(valueHex, "hex").readUInt32LE(offset);
}
