/**
 * What a runtime that does not have everything can be asked: which cases of a guarantee, and which of its clauses they
 * reach. Both are told beforehand, from what the emulator of the same release makes of them: nothing is sent that
 * cannot be answered, and a clause that should be reached and is not stays in sight.
 */
import { openEmulator, profileOf } from "../harness/emulator/index.ts";
import { type Features, missingFor } from "../harness/features.ts";
import type { Harness, Outcome } from "../harness/harness.ts";
import type { Scenario, Step } from "../scenario/scenario.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { type Case, toCase } from "./cases.ts";
import { Jury } from "./jury.ts";
import { isRefusal } from "./refusal.ts";

/** What there is to ask a runtime of one guarantee. */
export interface Askable {
  cases: readonly Case[];
  /** How many are left out. */
  leftOut: number;
  /** Why cases or clauses are left out: what stands in the way most often. */
  reason: string;
  /** The share of the cases that reach each clause, by its name. */
  reach: ReadonlyMap<string, number>;
}

/** The emulator of a runtime's release, of the newest that is known where it has none. */
function referenceFor({ linux }: Harness): Harness {
  const release = linux === undefined ? "" : `${linux.major}.${linux.minor}`;
  return openEmulator(profileOf(release) === undefined ? "emulator" : `emulator:${release}`);
}

export class Planner {
  readonly #features: Features;
  readonly #runtime: string;
  readonly #reference: Harness;

  constructor(harness: Harness, features: Features) {
    this.#features = features;
    this.#runtime = harness.name;
    this.#reference = referenceFor(harness);
  }

  /** What of the cases drawn for a guarantee the runtime can be asked. */
  async plan(guarantee: Guarantee, drawn: Iterable<Case>): Promise<Askable> {
    const jury = new Jury([guarantee], this.#reference);
    const reached = new Map<string, number>();
    const reasons = new Map<string, number>();
    const cases: Case[] = [];
    const fitted = [...drawn].map((item) => this.#fit(item));
    for (const [at, outcome] of (await this.#reference.run(fitted.map(({ compiled }) => compiled))).entries()) {
      const item = fitted[at] as Case;
      const reason = this.#obstacle(item, outcome);
      if (reason !== undefined) reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
      if (reason !== undefined || outcome.kind !== "trace") continue;
      cases.push(item);
      for (const { exercised, juror } of jury.judge(item, outcome))
        if (exercised) reached.set(juror.clause.name, (reached.get(juror.clause.name) ?? 0) + 1);
    }
    const [first] = [...reasons].sort(([, one], [, other]) => other - one);
    const reach = guarantee.clauses.map(({ name }) => [name, (reached.get(name) ?? 0) / cases.length] as const);
    const leftOut = fitted.length - cases.length;
    return { cases, leftOut, reason: first?.[0] ?? `${this.#runtime} executes nothing`, reach: new Map(reach) };
  }

  /** Which of some cases the runtime can be asked as they are. */
  async askable(cases: readonly Case[]): Promise<boolean[]> {
    const outcomes = await this.#reference.run(cases.map(({ compiled }) => compiled));
    return cases.map((item, at) => {
      const outcome = outcomes[at];
      return outcome !== undefined && this.#obstacle(item, outcome) === undefined;
    });
  }

  /** The case, or of a runtime that only verifies what it can say of one. */
  #fit(item: Case): Case {
    return this.#features.executes ? item : toCase(loadsOf(item.scenario));
  }

  /** Why a case cannot be asked, given what the reference makes of it. */
  #obstacle({ compiled }: Case, outcome: Outcome): string | undefined {
    const { executes, verifies } = this.#features;
    const missing = missingFor(this.#features, compiled);
    if (missing !== undefined) return `${this.#runtime} lacks ${missing}`;
    if (outcome.kind !== "trace") return outcome.reason;
    const isResult = (kind: string, is: (result: number) => boolean): boolean =>
      outcome.trace.steps.some(({ result }, at) => compiled.steps[at]?.kind === kind && is(result));
    if (!executes && isResult("create-map", (result) => result !== 0)) return `${this.#runtime} creates no maps`;
    if (!verifies && isResult("load-program", isRefusal)) return `${this.#runtime} does not verify programs`;
    return undefined;
  }
}

/** A scenario of which nothing is left but that its maps are created and its programs loaded. */
function loadsOf({ maps, programs }: Scenario): Scenario {
  const isOuter = (map: number): number => Number(maps[map]?.innerMap !== undefined);
  const inOrder = [...maps.keys()].sort((one, other) => isOuter(one) - isOuter(other));
  const creations = inOrder.map((map): Step => ({ kind: "create-map", map }));
  const loads = programs.map((_, program): Step => ({ kind: "load-program", program }));
  return { maps, programs, steps: [...creations, ...loads] };
}

/** The planner for a runtime; undefined where it has everything. */
export function plannerFor(harness: Harness): Planner | undefined {
  const { features } = harness;
  if (features === undefined) return undefined;
  const { executes, verifies, mapTypes, programTypes, helpers, kfuncs, steps } = features;
  const hasAll = [mapTypes, programTypes, helpers, kfuncs, steps].every((list) => list === undefined);
  return executes && verifies && hasAll ? undefined : new Planner(harness, features);
}
