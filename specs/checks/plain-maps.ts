/** Maps that break no rule which is written down: those that a kernel has to create. */
import {
  BPF_F_NO_COMMON_LRU,
  BPF_F_NO_PREALLOC,
  BPF_F_RDONLY,
  BPF_F_RDONLY_PROG,
  BPF_F_WRONLY,
  BPF_F_WRONLY_PROG,
} from "../../bpf/uapi.ts";
import type { MapSpec, Scenario, ValueField } from "../../scenario/scenario.ts";
import type { UserReferences } from "./timer-state.ts";

type Special = Exclude<ValueField["kind"], "u64" | "work-queue">;

const ACCESS = [0, BPF_F_RDONLY, BPF_F_WRONLY, BPF_F_RDONLY_PROG, BPF_F_WRONLY_PROG] as const;
const PROGRAM_ACCESS = BPF_F_RDONLY_PROG | BPF_F_WRONLY_PROG;

/** What a type of map may be created with: the flags that are its own, and the special fields of its values. */
const TYPES: Record<MapSpec["type"], { flags: number; special: readonly Special[] }> = {
  array: { flags: 0, special: ["timer", "spin-lock"] },
  hash: { flags: BPF_F_NO_PREALLOC, special: ["timer", "spin-lock"] },
  "lru-hash": { flags: BPF_F_NO_COMMON_LRU, special: ["timer"] },
  "percpu-array": { flags: 0, special: [] },
  "percpu-hash": { flags: BPF_F_NO_PREALLOC, special: [] },
  "lru-percpu-hash": { flags: BPF_F_NO_COMMON_LRU, special: [] },
  "array-of-maps": { flags: 0, special: [] },
  "hash-of-maps": { flags: 0, special: [] },
};

/** Whether a map's value has a field of a kind, as a member of its own. */
export const hasField = (spec: MapSpec | undefined, kind: ValueField["kind"]): boolean =>
  spec?.value.fields.some((field) => field.kind === kind && field.inside === undefined) === true;

/** How many timers a map's value has, wherever in it they lie. */
export function timersIn({ value }: MapSpec): number {
  let timers = 0;
  for (const { kind } of value.fields) if (kind === "timer") timers++;
  return timers;
}

export const isOfMaps = ({ type }: MapSpec): boolean => type === "array-of-maps" || type === "hash-of-maps";

/** Whether programs may read and write the elements of a map. */
export const isOpenToPrograms = ({ flags }: MapSpec): boolean => (flags & PROGRAM_ACCESS) === 0;

/** Whether a kernel has to create a map: its flags are of its type, and its value has at most one timer and one lock, where such maps may. */
export function isPlainMap(spec: MapSpec, { maps }: Scenario, references: readonly UserReferences[]): boolean {
  const { type, flags, btf, value, innerMap } = spec;
  const rule = TYPES[type];
  const access = flags & ~rule.flags;
  if (!(ACCESS as readonly number[]).includes(access)) return false;
  if (isOfMaps(spec)) return innerMap !== undefined && isPlainInner(maps[innerMap], references[innerMap]);
  // Without BTF nobody knows what the bytes of a value are.
  if (!btf) return true;
  const { fields } = value;
  if (fields.some(({ kind, inside }) => kind === "work-queue" || inside !== undefined)) return false;
  const special = fields.filter(({ kind }) => kind === "timer" || kind === "spin-lock");
  const isAllowed = special.every(
    ({ kind }, at) =>
      (rule.special as readonly string[]).includes(kind) &&
      !special.some((other, before) => before < at && other.kind === kind),
  );
  return isAllowed && (special.length === 0 || (access & PROGRAM_ACCESS) === 0);
}

/** Whether a map can be the shape of inner ones: the process holds it, and it has no lock, which kernels refuse there up to some release. */
const isPlainInner = (inner: MapSpec | undefined, references: UserReferences | undefined): boolean =>
  inner !== undefined && !isOfMaps(inner) && !hasField(inner, "spin-lock") && references?.descriptor === true;
