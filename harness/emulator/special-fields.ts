/**
 * Finds the special fields of a map's value in its BTF, and whether the map may have them: map_check_btf in
 * kernel/bpf/syscall.c with btf_find_spin_lock and btf_find_timer (until 6.1) or btf_parse_fields (since 6.2).
 */
import type { Btf, BtfType } from "../../bpf/btf.ts";
import { ERRNO } from "../../bpf/errno.ts";
import { BPF_MAP_TYPE, BPF_SPIN_LOCK_BYTES, BPF_TIMER_BYTES, BPF_WQ_BYTES } from "../../bpf/uapi.ts";
import type { CompiledMap } from "../../scenario/compiled-scenario.ts";
import type { Profile } from "./profiles.ts";

/** Where a map's special fields lie: a byte offset in the value, or a negative errno that says why there is none. */
export interface SpecialFields {
  readonly hasBtf: boolean;
  readonly timerOffset: number;
  readonly spinLockOffset: number;
  readonly workQueueOffset: number;
}

export const NO_SPECIAL_FIELDS: SpecialFields = {
  hasBtf: false,
  timerOffset: -ERRNO.EINVAL,
  spinLockOffset: -ERRNO.EINVAL,
  workQueueOffset: -ERRNO.EINVAL,
};

interface FieldKind {
  readonly name: string;
  readonly bytes: number;
  readonly alignment: number;
}

const TIMER: FieldKind = { name: "bpf_timer", bytes: BPF_TIMER_BYTES, alignment: 8 };
const SPIN_LOCK: FieldKind = { name: "bpf_spin_lock", bytes: BPF_SPIN_LOCK_BYTES, alignment: 4 };
const WORK_QUEUE: FieldKind = { name: "bpf_wq", bytes: BPF_WQ_BYTES, alignment: 8 };

const WORK_QUEUE_MAP_TYPES: ReadonlySet<number> = new Set([
  BPF_MAP_TYPE.HASH,
  BPF_MAP_TYPE.LRU_HASH,
  BPF_MAP_TYPE.ARRAY,
]);
const SPIN_LOCK_MAP_TYPES: ReadonlySet<number> = new Set([BPF_MAP_TYPE.HASH, BPF_MAP_TYPE.ARRAY]);

const ARRAY_MAP_TYPES: ReadonlySet<number> = new Set([BPF_MAP_TYPE.ARRAY, BPF_MAP_TYPE.PERCPU_ARRAY]);
const MAP_OF_MAPS_TYPES: ReadonlySet<number> = new Set([BPF_MAP_TYPE.ARRAY_OF_MAPS, BPF_MAP_TYPE.HASH_OF_MAPS]);

const STRUCTS: ReadonlySet<string> = new Set(["struct", "union"]);
const MODIFIERS: ReadonlySet<string> = new Set(["typedef", "volatile", "const", "restrict", "type-tag"]);

/** btf_type_id_size: the type behind its modifiers, and its bytes; undefined where it has none. */
function sizedType(btf: Btf, id: number): BtfType | undefined {
  let type = btf.types[id];
  while (type !== undefined && MODIFIERS.has(type.kind)) type = btf.types[type.typeId];
  return type;
}

function sizeOf(btf: Btf, id: number): number | undefined {
  const type = sizedType(btf, id);
  if (type === undefined || type.kind === "void") return undefined;
  if (type.kind !== "array") return type.size;
  const element = sizeOf(btf, type.typeId);
  return element === undefined ? undefined : element * type.count;
}

/** btf_find_struct_field until 6.1: the one top-level member of a kind, or -ENOENT, -E2BIG, -EINVAL. */
function findSeparately(btf: Btf, value: BtfType, kind: FieldKind): number {
  if (!STRUCTS.has(value.kind)) return -ERRNO.EINVAL;
  let found: number = -ERRNO.ENOENT;
  for (const member of value.members) {
    if (btf.types[member.typeId]?.name !== kind.name) continue;
    const offset = member.offsetBits / 8;
    if (!Number.isInteger(offset) || offset % kind.alignment !== 0) return -ERRNO.EINVAL;
    const type = btf.types[member.typeId];
    if (type === undefined || !STRUCTS.has(type.kind) || type.size !== kind.bytes) continue;
    if (found >= 0) return -ERRNO.E2BIG;
    found = offset;
  }
  return found;
}

interface FoundField {
  readonly kind: FieldKind;
  readonly offset: number;
}

const NESTING_MAX = 8;

/** The type of the elements behind arrays of arrays, and how many of them there are. */
function elementsOf(btf: Btf, member: BtfType): { type: BtfType | undefined; count: number } {
  let type: BtfType | undefined = member;
  let count = 1;
  while (type?.kind === "array") {
    count *= type.count;
    type = btf.types[type.typeId];
  }
  return { type, count };
}

/**
 * btf_find_field since 6.2: every field of every kind, those in arrays and nested structs included where the kernel
 * looks there; a negative errno loses them all.
 */
function findTogether(btf: Btf, value: BtfType, { specialFieldsNest, workQueues }: Profile): FoundField[] | number {
  const kinds = workQueues ? [SPIN_LOCK, TIMER, WORK_QUEUE] : [SPIN_LOCK, TIMER];
  if (!STRUCTS.has(value.kind)) return -ERRNO.EINVAL;
  const seen = new Set<FieldKind>();
  const fields: FoundField[] = [];
  const visit = (struct: BtfType, base: number, level: number): number => {
    for (const member of struct.members) {
      const offset = base + member.offsetBits / 8;
      if (!Number.isInteger(offset)) return -ERRNO.EINVAL;
      const direct = btf.types[member.typeId];
      if (direct === undefined) continue;
      const { type, count } = specialFieldsNest ? elementsOf(btf, direct) : { type: direct, count: 1 };
      if (type === undefined || count === 0) continue;
      const kind = kinds.find(({ name }) => name === type.name);
      if (kind !== undefined) {
        if (seen.has(kind)) return -ERRNO.E2BIG;
        seen.add(kind);
        if (offset % kind.alignment !== 0 || !STRUCTS.has(type.kind) || type.size !== kind.bytes) continue;
        // btf_repeat_fields: none of these kinds can be there more than once.
        if (count > 1) return -ERRNO.EINVAL;
        fields.push({ kind, offset });
      } else if (type.kind === "struct" && specialFieldsNest) {
        if (level >= NESTING_MAX) return -ERRNO.E2BIG;
        const before = fields.length;
        const error = visit(type, offset, level + 1);
        if (error < 0) return error;
        if (count > 1 && fields.length > before) return -ERRNO.EINVAL;
      }
    }
    return 0;
  };
  const error = visit(value, 0, 0);
  return error < 0 ? error : fields;
}

/** Where each kind of field lies, or why there is none. */
interface Offsets {
  readonly timer: number;
  readonly spinLock: number;
  readonly workQueue: number;
}

/** btf_parse_fields: fields in order and inside the value, or the errno that makes the map have none. */
function parseRecord(btf: Btf, value: BtfType, valueSize: number, profile: Profile): Offsets {
  const none = (errno: number): Offsets => ({ timer: errno, spinLock: errno, workQueue: errno });
  const fields = findTogether(btf, value, profile);
  if (typeof fields === "number") return none(fields);
  let end = 0;
  for (const { kind, offset } of fields) {
    if (offset + kind.bytes > valueSize) return none(-ERRNO.EFAULT);
    if (offset < end) return none(-ERRNO.EEXIST);
    end = offset + kind.bytes;
  }
  const at = (kind: FieldKind): number => fields.find((field) => field.kind === kind)?.offset ?? -ERRNO.ENOENT;
  return { timer: at(TIMER), spinLock: at(SPIN_LOCK), workQueue: at(WORK_QUEUE) };
}

/** array_map_check_btf: an array's key is a plain 32-bit integer. */
function checkArrayKey(key: BtfType): number {
  return key.kind === "int" && key.size === 4 ? 0 : -ERRNO.EINVAL;
}

/**
 * The special fields of a map about to be created, or the negative errno of BPF_MAP_CREATE.
 * Follows map_create and map_check_btf.
 */
export function findSpecialFields(map: CompiledMap, btf: Btf, profile: Profile): SpecialFields | number {
  if (map.btfKeyTypeId !== 0 && map.btfValueTypeId === 0) return -ERRNO.EINVAL;
  if (map.btfValueTypeId === 0) return NO_SPECIAL_FIELDS;
  // Without a key type only an array over a data section is allowed, which no scenario creates.
  const key = sizedType(btf, map.btfKeyTypeId);
  if (key === undefined || sizeOf(btf, map.btfKeyTypeId) !== map.keySize) return -ERRNO.EINVAL;
  const value = sizedType(btf, map.btfValueTypeId);
  if (value === undefined || sizeOf(btf, map.btfValueTypeId) !== map.valueSize) return -ERRNO.EINVAL;
  const { timer, spinLock, workQueue } =
    profile.specialFields === "separate"
      ? {
          timer: findSeparately(btf, value, TIMER),
          spinLock: findSeparately(btf, value, SPIN_LOCK),
          workQueue: -ERRNO.ENOENT,
        }
      : parseRecord(btf, value, map.valueSize, profile);
  if (spinLock >= 0) {
    if ((map.flags & profile.mapFlagsRefusedWithSpinLock) !== 0) return -ERRNO.EACCES;
    if (!SPIN_LOCK_MAP_TYPES.has(map.type)) return profile.spinLockMapTypeErrno;
  }
  if (timer >= 0) {
    if ((map.flags & profile.mapFlagsRefusedWithTimer) !== 0) return -ERRNO.EACCES;
    if (!profile.timerMapTypes.has(map.type)) return -ERRNO.EOPNOTSUPP;
  }
  if (workQueue >= 0) {
    if ((map.flags & profile.mapFlagsRefusedWithTimer) !== 0) return -ERRNO.EACCES;
    if (!WORK_QUEUE_MAP_TYPES.has(map.type)) return -ERRNO.EOPNOTSUPP;
  }
  // map_check_no_btf, the last check of map_check_btf.
  if (MAP_OF_MAPS_TYPES.has(map.type)) return -ERRNO.ENOTSUPP;
  if (ARRAY_MAP_TYPES.has(map.type)) {
    const error = checkArrayKey(key);
    if (error < 0) return error;
  }
  return { hasBtf: true, timerOffset: timer, spinLockOffset: spinLock, workQueueOffset: workQueue };
}
