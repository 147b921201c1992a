/** BPF_MAP_CREATE: the checks each map type makes (map_alloc_check) and the map itself (map_alloc). */

import type { Btf } from "../../../bpf/btf.ts";
import { ERRNO } from "../../../bpf/errno.ts";
import {
  BPF_F_INNER_MAP,
  BPF_F_MMAPABLE,
  BPF_F_NO_COMMON_LRU,
  BPF_F_NO_PREALLOC,
  BPF_F_NUMA_NODE,
  BPF_F_RDONLY,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY,
  BPF_F_WRONLY_PROG,
  BPF_F_ZERO_SEED,
  BPF_MAP_TYPE,
} from "../../../bpf/uapi.ts";
import type { CompiledMap } from "../../../scenario/compiled-scenario.ts";
import { findSpecialFields, type SpecialFields } from "../special-fields.ts";
import { ArrayMap } from "./array-map.ts";
import type { BpfMap, MapHost } from "./bpf-map.ts";
import { HashMap } from "./hash-map.ts";
import { LruHashMap } from "./lru-hash-map.ts";
import { MapOfMaps } from "./map-of-maps.ts";

/** Of include/uapi/linux/bpf.h. */
const BPF_F_PRESERVE_ELEMS = 1 << 11;
const ACCESS_FLAGS = BPF_F_RDONLY | BPF_F_WRONLY | BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;
const ARRAY_FLAGS = BPF_F_NUMA_NODE | BPF_F_MMAPABLE | ACCESS_FLAGS | BPF_F_PRESERVE_ELEMS | BPF_F_INNER_MAP;
const HASH_FLAGS = BPF_F_NO_PREALLOC | BPF_F_NO_COMMON_LRU | BPF_F_NUMA_NODE | ACCESS_FLAGS | BPF_F_ZERO_SEED;
/** PCPU_MIN_UNIT_SIZE. */
const PERCPU_BYTES_MAX = 32 << 10;
const KMALLOC_BYTES_MAX = 1 << 22;
const FD_BYTES = 4;

interface MapType {
  readonly check: (map: CompiledMap) => number;
  /** Whether elements are maps, so that an inner map must be named. */
  readonly ofMaps?: boolean;
  readonly create: (host: MapHost, map: CompiledMap, fields: SpecialFields, inner?: BpfMap) => BpfMap | number;
}

/** bpf_map_flags_access_ok, and the two access modes of the descriptor, of which one at most can be given. */
const accessOk = ({ flags }: CompiledMap): boolean =>
  (flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) !== (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG);

/** array_map_alloc_check. */
const checkArray =
  (plain: boolean) =>
  (map: CompiledMap): number => {
    const refused = plain ? BPF_F_PRESERVE_ELEMS : BPF_F_PRESERVE_ELEMS | BPF_F_MMAPABLE | BPF_F_INNER_MAP;
    const ok =
      map.maxEntries > 0 &&
      map.keySize === 4 &&
      map.valueSize > 0 &&
      (map.flags & ~ARRAY_FLAGS) === 0 &&
      (map.flags & refused) === 0 &&
      accessOk(map);
    if (!ok) return -ERRNO.EINVAL;
    const percpu = map.type === BPF_MAP_TYPE.PERCPU_ARRAY;
    return map.valueSize > 0x7fff_ffff || (percpu && map.valueSize > PERCPU_BYTES_MAX) ? -ERRNO.E2BIG : 0;
  };

/** htab_map_alloc_check. */
function checkHash(map: CompiledMap): number {
  const lru = map.type === BPF_MAP_TYPE.LRU_HASH || map.type === BPF_MAP_TYPE.LRU_PERCPU_HASH;
  const percpu = map.type === BPF_MAP_TYPE.PERCPU_HASH || map.type === BPF_MAP_TYPE.LRU_PERCPU_HASH;
  if ((map.flags & ~HASH_FLAGS) !== 0 || !accessOk(map)) return -ERRNO.EINVAL;
  if (!lru && (map.flags & BPF_F_NO_COMMON_LRU) !== 0) return -ERRNO.EINVAL;
  if (lru && (map.flags & BPF_F_NO_PREALLOC) !== 0) return -ERRNO.ENOTSUPP;
  if (map.maxEntries === 0 || map.keySize === 0 || map.valueSize === 0) return -ERRNO.EINVAL;
  if (map.keySize + map.valueSize >= KMALLOC_BYTES_MAX) return -ERRNO.E2BIG;
  return percpu && map.valueSize > PERCPU_BYTES_MAX ? -ERRNO.E2BIG : 0;
}

const checkFdArray = (map: CompiledMap): number =>
  map.valueSize !== FD_BYTES || (map.flags & (BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG)) !== 0
    ? -ERRNO.EINVAL
    : checkArray(false)(map);
const checkFdHash = (map: CompiledMap): number => (map.valueSize !== FD_BYTES ? -ERRNO.EINVAL : checkHash(map));

const createHash: MapType["create"] = (host, map, fields) => new HashMap(host, map, fields);
const createMapOfMaps: MapType["create"] = (host, map, _fields, inner) =>
  inner === undefined ? -ERRNO.EBADF : new MapOfMaps(host, map, inner);

const MAP_TYPES: ReadonlyMap<number, MapType> = new Map<number, MapType>([
  [BPF_MAP_TYPE.ARRAY, { check: checkArray(true), create: ArrayMap.create }],
  [BPF_MAP_TYPE.PERCPU_ARRAY, { check: checkArray(false), create: ArrayMap.create }],
  [BPF_MAP_TYPE.HASH, { check: checkHash, create: createHash }],
  [BPF_MAP_TYPE.PERCPU_HASH, { check: checkHash, create: createHash }],
  [BPF_MAP_TYPE.LRU_HASH, { check: checkHash, create: LruHashMap.create }],
  [BPF_MAP_TYPE.LRU_PERCPU_HASH, { check: checkHash, create: LruHashMap.create }],
  [BPF_MAP_TYPE.ARRAY_OF_MAPS, { check: checkFdArray, create: createMapOfMaps, ofMaps: true }],
  [BPF_MAP_TYPE.HASH_OF_MAPS, { check: checkFdHash, create: createMapOfMaps, ofMaps: true }],
]);

/** bpf_map_meta_alloc: whether a map may stand as the inner map of another. */
function checkInner(inner: BpfMap | undefined, host: MapHost): number {
  if (inner === undefined) return -ERRNO.EBADF;
  if (inner.inner !== undefined) return -ERRNO.EINVAL;
  return inner.fields.spinLockOffset >= 0 && !host.profile.innerMapMayHaveSpinLock ? -ERRNO.ENOTSUPP : 0;
}

/** A map, or the negative errno of BPF_MAP_CREATE. `inner` is the map behind inner_map_fd. Follows map_create. */
export function createMap(host: MapHost, map: CompiledMap, btf: Btf, inner: BpfMap | undefined): BpfMap | number {
  const type = MAP_TYPES.get(map.type);
  if (type === undefined) return -ERRNO.EINVAL;
  if (map.btfKeyTypeId !== 0 && map.btfValueTypeId === 0) return -ERRNO.EINVAL;
  const refused = type.check(map) || (type.ofMaps === true ? checkInner(inner, host) : 0);
  if (refused !== 0) return refused;
  const fields = findSpecialFields(map, btf, host.profile);
  if (typeof fields === "number") return fields;
  return type.create(host, map, fields, inner);
}
