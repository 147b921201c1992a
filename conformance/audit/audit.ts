/** The audit: how many observations of true traces can be made wrong without any guarantee noticing. */
import fc from "fast-check";
import { anyScenario } from "../../generators/scenario.ts";
import type { Harness } from "../../harness/harness.ts";
import type { Guarantee } from "../../specs/guarantee.ts";
import { UNPROMISED, type Unpromised } from "../../specs/unpromised.ts";
import { type Case, drawCases, seedFor, toCase } from "../cases.ts";
import { judgeCase, objectsTo } from "../judge-case.ts";
import { Jury } from "../jury.ts";
import { type Corruption, type CorruptionKind, corruptionsOf } from "./corruptions.ts";
import { Truth } from "./truth.ts";

export interface AuditOptions {
  catalogue: readonly Guarantee[];
  /** The guarantees whose cases are made wrong: all, unless given. */
  drawnBy?: readonly Guarantee[];
  seed: number;
  /** Cases of each guarantee. */
  cases: number;
  /** Random scenarios beside them. */
  random: number;
}

/** What came of the corruptions of one kind. */
export interface KindTally {
  tried: number;
  noticed: number;
  /** Unnoticed, and on the list of what nobody promised. */
  unpromised: number;
}

export interface AuditResult {
  kinds: Map<CorruptionKind, KindTally>;
  /** How many corruptions each entry of the list covers. */
  unpromised: Map<Unpromised, number>;
  /** The corruptions that nothing noticed and no entry covers. */
  gaps: { item: Case; corruption: Corruption; runtime: string }[];
}

/** Numbers that look random and are the same for the same seed: a linear congruential generator. */
function picker(seed: number): (count: number) => number {
  let state = seed >>> 0;
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}

/** Makes single observations of true traces wrong, and judges each trace so made by all guarantees. */
export async function audit(harness: Harness, options: AuditOptions): Promise<AuditResult> {
  const { catalogue, seed, random } = options;
  const jury = new Jury(catalogue, harness);
  const pick = picker(seedFor(seed, `audit of ${harness.name}`));
  const drawn = (options.drawnBy ?? catalogue).flatMap((guarantee) =>
    [...drawCases(guarantee, seed, options.cases)].slice(0, options.cases),
  );
  const others = fc.sample(anyScenario, { seed: seedFor(seed, "audit"), numRuns: random }).map(toCase);
  const result: AuditResult = { kinds: new Map(), unpromised: new Map(), gaps: [] };
  for (const item of [...drawn, ...others]) {
    const [outcome] = await harness.run([item.compiled]);
    if (outcome?.kind !== "trace") throw new Error(`${harness.name} gave no trace`);
    // Only what goes unnoticed is looked at again.
    let truth: Truth | undefined;
    for (const corruption of corruptionsOf(item, outcome.trace, pick)) {
      const isNoticed = objectsTo(judgeCase(jury, item, { ...outcome, trace: corruption.trace }));
      const tally = result.kinds.get(corruption.kind) ?? { tried: 0, noticed: 0, unpromised: 0 };
      result.kinds.set(corruption.kind, tally);
      tally.tried++;
      if (isNoticed) {
        tally.noticed++;
        continue;
      }
      truth ??= new Truth(jury, item, outcome.trace, harness);
      const observation = truth.observation(corruption);
      const entry = UNPROMISED.find((each) => each.covers(observation));
      if (entry === undefined) result.gaps.push({ item, corruption, runtime: harness.name });
      else {
        tally.unpromised++;
        result.unpromised.set(entry, (result.unpromised.get(entry) ?? 0) + 1);
      }
    }
  }
  return result;
}
