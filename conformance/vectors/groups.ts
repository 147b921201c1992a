/** Groups of vectors: what a runtime needs for them beyond maps, programs and time. */
import { isOfLoading } from "../../harness/features.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";

/** A vector belongs to the first group that one of its steps is of; to the last where none is. */
export const GROUPS: readonly { name: string; words: string; has(kinds: ReadonlySet<string>): boolean }[] = [
  {
    name: "load-time only",
    words: "Nothing runs: what is asked is which maps are created and which programs are loaded.",
    has: (kinds) => [...kinds].every(isOfLoading),
  },
  {
    name: "processes",
    words: "A process ends, or gives up a capability.",
    has: (kinds) => kinds.has("exit-process") || kinds.has("drop-capability"),
  },
  {
    name: "pins",
    words: "Maps or programs are pinned.",
    has: (kinds) => [...kinds].some((kind) => /pin/.test(kind)),
  },
  {
    name: "user references",
    words: "User space lets go of maps or programs.",
    has: (kinds) => [...kinds].some((kind) => kind.startsWith("close-") || kind === "find-program"),
  },
  {
    name: "user space",
    words: "User space reads or changes elements.",
    has: (kinds) => ["update", "delete", "lookup"].some((kind) => kinds.has(kind)),
  },
  { name: "plain", words: "Programs run, and time passes.", has: () => true },
];

/** The name of the group that a case is of. */
export function groupOf({ steps }: CompiledScenario): string {
  const kinds = new Set(steps.map(({ kind }) => kind));
  return GROUPS.find(({ has }) => has(kinds))?.name ?? "plain";
}
