/**
 * The abstract contents of maps: which elements there are, and what lies in the numbers of their values, after each
 * event of a history. Folded over what a runtime answered, like the state of timers; where nothing settles it, it says
 * that it does not know.
 */

import { ERRNO } from "../../bpf/errno.ts";
import { BPF_ANY, BPF_EXIST, BPF_F_LOCK, BPF_F_RDONLY, BPF_F_WRONLY, BPF_NOEXIST } from "../../bpf/uapi.ts";
import type { CallEvent, ElementId, HistoryEvent } from "../../scenario/history.ts";
import type { MapSpec, OperationKind, Step } from "../../scenario/scenario.ts";
import { mapOf } from "./looking-back.ts";
import type { Reading } from "./reading.ts";

/** An element: what its first number is, or null where that cannot be told. Of no element there is undefined. */
export interface Contents {
  payload: number | null;
  /** What every other number of the value is, likewise. */
  others: number | null;
}

/**
 * What is known of an element: it is there with these contents, it is not there, or nobody can tell; perhaps only
 * whether it is still there, and not what it holds if so.
 */
export type Known =
  | { there: true; contents: Contents }
  | { there: false }
  | { there: "untold"; contents?: Contents | undefined };

const UNTOLD: Known = { there: "untold" };
const MISSING: Known = { there: false };

/** Types whose elements can be told. */
const TYPES: ReadonlySet<MapSpec["type"]> = new Set(["array", "hash", "lru-hash"]);

/** What user space does with an element. */
type ElementStep = Extract<Step, { kind: "update" | "delete" | "lookup" }>;

/** What a program does that changes a map. */
const CHANGES: ReadonlySet<OperationKind> = new Set(["update", "delete", "write-payload"]);

/** The contents of one map. */
class MapContents {
  readonly spec: MapSpec;
  readonly #elements = new Map<number, Contents>();
  /** Keys of which an LRU map may or may not have evicted the element. */
  readonly #perhaps = new Set<number>();
  /** Set once something was done that cannot be followed. */
  isLost: boolean;

  constructor(spec: MapSpec, isLost: boolean) {
    this.spec = spec;
    this.isLost = isLost;
  }

  at(key: number): Known {
    const { type, maxEntries } = this.spec;
    if (this.isLost) return UNTOLD;
    const contents = this.#elements.get(key);
    if (this.#perhaps.has(key)) return { there: "untold", contents };
    if (contents !== undefined) return { there: true, contents };
    if (type === "array" && key < maxEntries) return { there: true, contents: { payload: 0, others: 0 } };
    return MISSING;
  }

  /** Whether an insertion of one more element surely finds room, or surely does not. */
  get room(): boolean | "untold" {
    if (this.isLost || this.#perhaps.size > 0) return "untold";
    return this.#elements.size < this.spec.maxEntries;
  }

  /** Any update of an LRU map, one that is refused too, may evict any of its elements. */
  mayEvict(): void {
    if (this.spec.type === "lru-hash") for (const key of this.#elements.keys()) this.#perhaps.add(key);
  }

  put(key: number, contents: Contents): void {
    this.#elements.set(key, contents);
    this.#perhaps.delete(key);
  }

  /** Whether an element is still there was seen. */
  saw(key: number, isThere: boolean): void {
    if (isThere) this.#perhaps.delete(key);
    else this.remove(key);
  }

  write(key: number, payload: number): void {
    const known = this.at(key);
    if (known.there === true) this.#elements.set(key, { ...known.contents, payload });
  }

  remove(key: number): void {
    this.#elements.delete(key);
    this.#perhaps.delete(key);
  }
}

/** An event with what is known just before it of the element that it is about. */
export interface ContentsMoment {
  event: HistoryEvent;
  /** The map that it is about. */
  map: MapSpec;
  known: Known;
  /** What an update, a delete or a lookup of the element may give; undefined where that cannot be told. */
  results: readonly number[] | undefined;
}

type Results = readonly number[] | undefined;

/** What an update with these flags may give: the rules that arrays and hash maps share. */
function updateResults(contents: MapContents, key: number, flags: number): Results {
  const { type, maxEntries } = contents.spec;
  const condition = flags & ~BPF_F_LOCK;
  if (condition > BPF_EXIST) return undefined;
  const isIllegal = flags !== condition && !hasLock(contents.spec);
  if (type === "array") {
    const others = [...(isIllegal ? [-ERRNO.EINVAL] : []), ...arrayRefusals(key >= maxEntries, condition)];
    return others.length === 0 ? [0] : others;
  }
  if (isIllegal) return [-ERRNO.EINVAL];
  // An LRU map first makes room, perhaps with this very element, and looks for it then.
  if (type === "lru-hash") return LRU_UPDATE[condition];
  const known = contents.at(key);
  if (known.there === "untold") return undefined;
  if (known.there) return [condition === BPF_NOEXIST ? -ERRNO.EEXIST : 0];
  if (condition === BPF_EXIST) return [-ERRNO.ENOENT];
  if (contents.room === true) return [0];
  return contents.room === false ? [-ERRNO.E2BIG] : undefined;
}

/** What stands against an update of an array: which of them is said depends on who updates. */
const arrayRefusals = (isBeyond: boolean, condition: number): number[] => [
  ...(isBeyond ? [-ERRNO.E2BIG] : []),
  ...(condition === BPF_NOEXIST ? [-ERRNO.EEXIST] : []),
];

const LRU_UPDATE: Record<number, Results> = {
  [BPF_ANY]: [0],
  [BPF_NOEXIST]: [0, -ERRNO.EEXIST],
  [BPF_EXIST]: [0, -ERRNO.ENOENT],
};

const hasLock = ({ btf, value }: MapSpec): boolean => btf && value.fields.some(({ kind }) => kind === "spin-lock");

const deleteResults = (contents: MapContents, key: number): Results =>
  contents.spec.type === "array" ? [-ERRNO.EINVAL] : resultsOf(contents, key, 0, -ERRNO.ENOENT);

/** What is given where an element is there, where it is not, or either. */
function resultsOf(contents: MapContents, key: number, there: number, missing: number): Results {
  if (contents.isLost) return undefined;
  const known = contents.at(key);
  return known.there === "untold" ? [there, missing] : [known.there ? there : missing];
}

/** What a step on an element may give a process that holds its map. */
function stepResults(contents: MapContents, step: ElementStep): Results {
  if (step.kind === "update") return updateResults(contents, step.key, step.flags);
  if (step.kind === "delete") return deleteResults(contents, step.key);
  return resultsOf(contents, step.key, 0, -ERRNO.ENOENT);
}

/** Follows the contents of all maps of a history. */
class Follower {
  readonly #maps: MapContents[];
  readonly #created = new Set<number>();
  readonly moments: ContentsMoment[] = [];

  constructor(reading: Reading) {
    // What lies in inner maps is reached through others, by no name.
    const isNested = reading.scenario.maps.some(({ innerMap }) => innerMap !== undefined);
    this.#maps = reading.scenario.maps.map((spec) => new MapContents(spec, isNested || !TYPES.has(spec.type)));
    for (const moment of reading.moments) this.#follow(moment.event, moment.stale, moment.references);
  }

  #follow(event: HistoryEvent, stale: boolean, references: readonly { descriptor: boolean }[]): void {
    if (event.kind === "firing") return;
    if (event.kind === "step") {
      if (event.step.kind === "create-map") this.#create(event.step.map);
      if ("key" in event.step) this.#step(event, references[event.step.map]?.descriptor === true);
      return;
    }
    const contents = this.#maps[mapOf(event)];
    if (contents === undefined || event.element === null) return;
    // A write through a pointer to an element that is gone lands wherever the kernel put that memory since.
    if (stale) {
      if (CHANGES.has(event.operation.kind)) contents.isLost = true;
      return;
    }
    this.#call(event, event.element, contents);
  }

  /** A map that is created a second time takes the place of one that programs may still hold. */
  #create(map: number): void {
    const contents = this.#maps[map];
    if (contents !== undefined && this.#created.has(map)) contents.isLost = true;
    this.#created.add(map);
  }

  #step(event: HistoryEvent & { kind: "step" }, isHeld: boolean): void {
    const { step, outcome } = event;
    if (step.kind !== "update" && step.kind !== "delete" && step.kind !== "lookup") return;
    const contents = this.#maps[step.map];
    if (contents === undefined) return;
    const known = contents.at(step.key);
    const isBarred = (contents.spec.flags & (BPF_F_RDONLY | BPF_F_WRONLY)) !== 0;
    const told = isBarred || contents.isLost ? undefined : stepResults(contents, step);
    this.moments.push({ event, map: contents.spec, known, results: isHeld ? told : [-ERRNO.EBADF] });
    if (step.kind === "update") contents.mayEvict();
    if (step.kind === "lookup" && isHeld) contents.saw(step.key, outcome.result === 0);
    if (outcome.result !== 0) return;
    if (step.kind === "update") contents.put(step.key, { payload: step.payload, others: step.payload });
    else if (step.kind === "delete") contents.remove(step.key);
  }

  #call(event: CallEvent, { key }: ElementId, contents: MapContents): void {
    const { operation, result } = event;
    const known = contents.at(key);
    const moment = (told: Results): void => {
      this.moments.push({ event, map: contents.spec, known, results: contents.isLost ? undefined : told });
    };
    if (operation.kind === "lookup") {
      moment(resultsOf(contents, key, 1, 0));
      contents.saw(key, result === 1);
    } else if (operation.kind === "update") {
      moment(updateResults(contents, key, operation.flags));
      contents.mayEvict();
      if (result === 0) contents.put(key, { payload: 0, others: 0 });
    } else if (operation.kind === "delete") {
      moment(deleteResults(contents, key));
      if (result === 0) contents.remove(key);
    } else if (operation.kind === "read-payload") {
      const payload = known.there === true ? known.contents.payload : null;
      moment(payload === null ? undefined : [payload | 0]);
    } else if (operation.kind === "write-payload") {
      moment([operation.value | 0]);
      contents.write(key, operation.value);
    }
  }
}

const follow = (reading: Reading): readonly ContentsMoment[] => new Follower(reading).moments;

/** Every event that is about an element, with what is known of it; computed once a reading. */
export const contentsOf = (reading: Reading): readonly ContentsMoment[] => reading.shared(follow);
