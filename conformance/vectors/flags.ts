/** Flags: why an observation of a vector may be more than one thing, each explained once. */
import type { Divergence } from "../../specs/divergences.ts";
import { type Observation, UNPROMISED } from "../../specs/unpromised.ts";
import type { VectorsFile } from "./format.ts";

export type Flag = VectorsFile["flags"][string];

/** Names of flags, with what they mean. */
export class Flags {
  readonly #known = new Map<string, Flag>();

  /** The name of the flag for a divergence; it is remembered. */
  divergence({ id, claim, happens, because, since, until }: Divergence): string {
    const releases = until === undefined ? `since ${since}` : `from ${since} until ${until}`;
    this.#known.set(id, {
      kind: "divergence",
      effect: `What kernels do is expected (${releases}). An observation with this flag may also be what the documents say.`,
      explanation: `${claim} ${happens} ${because}`,
    });
    return id;
  }

  /** The name of the flag for an observation that no guarantee minds being another. */
  unpromised(observation: Observation): string {
    const { name, reason } = UNPROMISED.find((each) => each.covers(observation)) ?? NOT_JUDGED;
    this.#known.set(name, {
      kind: "not-promised",
      effect: "All that is listed is accepted.",
      explanation: reason,
    });
    return name;
  }

  /** Those of some names, in alphabetical order. */
  explain(names: ReadonlySet<string>): Record<string, Flag> {
    return Object.fromEntries(
      [...this.#known].filter(([name]) => names.has(name)).sort(([one], [other]) => (one < other ? -1 : 1)),
    );
  }
}

const NOT_JUDGED = { name: "not judged", reason: "No guarantee says anything of it in this case." };
