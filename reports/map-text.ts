/** A map of a scenario in one line: type, entries, flags and where things lie in its value. */
import type { Btf } from "../bpf/btf.ts";
import type { CompiledMap } from "../scenario/compiled-scenario.ts";
import { mapFlags } from "./flag-names.ts";

/** A member's type: its name, an array's element and length, or what a nested struct has inside. */
function typeText(typeId: number, btf: Btf): string {
  const type = btf.types[typeId];
  if (type?.kind === "array") return `${typeText(type.typeId, btf)}[${type.count}]`;
  if (type?.kind === "struct" && !type.name.startsWith("bpf_"))
    return `{ ${type.members.map((member) => typeText(member.typeId, btf)).join(", ")} }`;
  return type?.name ?? "unknown";
}

function valueText({ valueSize, btfValueTypeId }: CompiledMap, btf: Btf): string {
  const size = `value ${valueSize} bytes`;
  const struct = btf.types[btfValueTypeId];
  if (btfValueTypeId === 0) return `${size}, no BTF`;
  if (struct === undefined) return `${size}, unreadable BTF`;
  const fields = struct.members.map(({ typeId, offsetBits }) => `${typeText(typeId, btf)} at ${offsetBits / 8}`);
  return `${size}: ${fields.join(", ") || "no fields"}`;
}

/** `m0  array, 1 entry, value 16 bytes: bpf_timer at 0`. */
export function mapText(map: CompiledMap, btf: Btf): string {
  const parts = [
    map.kind,
    map.maxEntries === 1 ? "1 entry" : `${map.maxEntries} entries`,
    mapFlags(map.flags),
    map.innerMap === undefined ? valueText(map, btf) : `inner maps like ${map.innerMap}`,
  ];
  return `${map.name}  ${parts.filter((part) => part !== "").join(", ")}`;
}
