/** The file of a guarantee's vectors. */
import { packageVersion } from "../../harness/package-root.ts";
import type { Guarantee } from "../../specs/guarantee.ts";
import type { Flags } from "./flags.ts";
import { VECTORS_FORMAT, VECTORS_VERSION, type Vector, type VectorsFile } from "./format.ts";
import { GROUPS, groupOf } from "./groups.ts";

/** The names of all flags that some vectors have. */
const flagsIn = (vectors: readonly Vector[]): ReadonlySet<string> =>
  new Set(
    vectors
      .flatMap(({ expected }) => expected)
      .flatMap(({ flags, steps }) => [
        ...flags,
        ...steps.flatMap(({ flag, records }) => [flag, ...records.map((record) => record.flag)]),
      ])
      .filter((flag) => flag !== undefined),
  );

/** What is written of a guarantee: its vectors by group, the flags that they have explained once. */
export function vectorsFile(
  { id, since, clauses, citations }: Guarantee,
  vectors: readonly Vector[],
  about: Pick<VectorsFile, "profile" | "seed" | "confirmation"> & { flags: Flags },
): VectorsFile {
  const { profile, seed, confirmation, flags } = about;
  return {
    format: VECTORS_FORMAT,
    version: VECTORS_VERSION,
    suite: packageVersion(),
    profile,
    seed,
    guarantee: id,
    since,
    clauses: Object.fromEntries(clauses.map(({ name, words }) => [name, words])),
    sources: citations.map(({ document, place }) => ({ document, place })),
    flags: flags.explain(flagsIn(vectors)),
    confirmation,
    groups: GROUPS.flatMap(({ name, words }) => {
      const members = vectors.filter(({ scenario }) => groupOf(scenario) === name);
      return members.length === 0 ? [] : [{ name, words, vectors: members }];
    }),
  };
}
