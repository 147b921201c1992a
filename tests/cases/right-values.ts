/** What each case here must give, by the first kernel release that gives it, and why. */
import { readFileSync } from "node:fs";
import { ERRNO } from "../../bpf/errno.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { isAtLeast, parseRelease } from "../../scenario/release.ts";
import { parseSavedCase } from "../../scenario/saved-case.ts";
import type { Trace } from "../../scenario/trace.ts";

/** What is looked at of a trace: nothing that depends on how fast the runtime is. */
export interface Observation {
  /** Of each `load-program`. */
  loads: number[];
  /** The keys that callbacks were entered for. */
  fired: number[];
  /** What the operations of all programs but the first gave. */
  later: number[];
  /** The bytes that user space read. */
  read: string[];
}

export interface RightValue {
  file: string;
  /** The newest entry that is not newer than the kernel counts. */
  since: Readonly<Record<string, Partial<Observation>>>;
}

const ZEROS = (bytes: number): string => "00".repeat(bytes);
const ONES = (bytes: number): string => "ff".repeat(bytes);

export const RIGHT_VALUES: readonly RightValue[] = [
  {
    // copy_map_value_locked in htab_map_update_elem copies in place and frees nothing.
    file: "lock-update-keeps-hash-timer.json",
    since: { "6.1": { loads: [0, 0], later: [1, -ERRNO.EBUSY], fired: [1] } },
  },
  { file: "large-key-fires.json", since: { "6.1": { loads: [0], fired: [0x8000_0000] } } },
  {
    // The kfuncs are there since 6.14; defer_timer_wq_op since 7.0.
    file: "cancel-with-interrupts-off.json",
    since: {
      "6.1": { loads: [0, -ERRNO.EINVAL, 0], later: [0], fired: [0] },
      "6.14": { loads: [0, 0, 0], later: [1, 0], fired: [] },
      "7.0": { loads: [0, 0, 0], later: [-ERRNO.EOPNOTSUPP, 0], fired: [0] },
    },
  },
  {
    file: "cancel-async-with-interrupts-off.json",
    since: {
      "6.1": { loads: [0, -ERRNO.EINVAL, -ERRNO.EINVAL], later: [], fired: [0] },
      // A kfunc that is not there is passed over until the end, and so gives nothing that could be read.
      "6.14": { loads: [0, -ERRNO.EACCES, -ERRNO.EINVAL], later: [], fired: [0] },
      "7.0": { loads: [0, 0, 0], later: [-ERRNO.ECANCELED, 0], fired: [] },
    },
  },
  {
    // btf_find_field_one looks into arrays since 6.11.
    file: "timer-in-array-of-one.json",
    since: { "6.1": { loads: [-ERRNO.EACCES], fired: [] }, "6.11": { loads: [0], fired: [0] } },
  },
  {
    // check_return_code marks R0 as precise since 6.8.
    file: "callback-returns-on-a-branch.json",
    since: { "6.1": { loads: [0] }, "6.8": { loads: [-ERRNO.EINVAL] } },
  },
  {
    // Both were looked up, so both are active: the tail of that list goes (__bpf_lru_list_shrink).
    file: "own-lru-lists-evict-the-oldest.json",
    since: { "6.1": { loads: [0], fired: [1] } },
  },
  {
    // struct bpf_wq is a special field since 6.10; before, its bytes are bytes.
    file: "work-queue-reads-zero.json",
    since: {
      "6.1": { loads: [0], read: [ZEROS(16) + ONES(24)], fired: [1] },
      "6.10": { loads: [0], read: [ZEROS(32) + ONES(8)], fired: [1] },
    },
  },
];

/** A case of this folder. */
export function readCase(file: string): CompiledScenario {
  const parsed = parseSavedCase(JSON.parse(readFileSync(new URL(file, import.meta.url), "utf8")));
  if ("data" in parsed) return parsed.data;
  throw new Error(`${file}: ${parsed.issue.message}`);
}

/** What a kernel of this release, "6.12", must give. */
export function rightValue({ since }: RightValue, version: string): Partial<Observation> {
  const kernel = parseRelease(version);
  const applying = Object.keys(since).filter((release) => isAtLeast(kernel, release));
  return since[applying.at(-1) ?? ""] ?? {};
}

/** What is to be seen of a trace. */
export function observe({ sites, steps }: CompiledScenario, trace: Trace): Observation {
  const records = trace.steps.flatMap((step) => step.records);
  return {
    loads: trace.steps.flatMap(({ result }, at) => (steps[at]?.kind === "load-program" ? [result] : [])),
    fired: records.flatMap(({ site, value }) => (sites[site]?.operation === "entry" ? [value >>> 0] : [])),
    later: records.flatMap(({ site, value }) => ((sites[site]?.program ?? 0) > 0 ? [value] : [])),
    read: trace.steps.flatMap(({ value }) => (value === undefined ? [] : [value])),
  };
}
