/** Which cases become vectors: few and small ones that together have many features, the same for the same seed. */
import type { Harness, Outcome } from "../../harness/harness.ts";
import { readHistory } from "../../scenario/history.ts";
import type { Trace } from "../../scenario/trace.ts";
import { Reading } from "../../specs/checks/reading.ts";
import type { Guarantee } from "../../specs/guarantee.ts";
import { type Case, drawCases, toCase } from "../cases.ts";
import { judgeCase, objectsTo } from "../judge-case.ts";
import { Jury } from "../jury.ts";
import { shrink } from "../shrink.ts";
import { featuresOf } from "./features.ts";
import { isTight } from "./order.ts";

/** How many cases are drawn to choose from. */
const DRAWN = 100;

export interface Candidate {
  item: Case;
  trace: Trace;
  /** The clauses that it reaches. */
  clauses: readonly string[];
  features: ReadonlySet<string>;
}

export interface Chosen extends Candidate {
  /** What those before it do not have. */
  brings: readonly string[];
}

export interface Choice {
  /** Who executes the cases: an emulator. */
  harness: Harness;
  seed: number;
  /** The most that are chosen. */
  count: number;
  /** Whether a case can be a vector at all, for reasons that its trace alone does not show. */
  isFit(candidate: Candidate): boolean;
  signal?: AbortSignal | undefined;
}

class Chooser {
  readonly #jury: Jury;
  readonly #choice: Choice;

  constructor(guarantee: Guarantee, choice: Choice) {
    this.#jury = new Jury([guarantee], choice.harness);
    this.#choice = choice;
  }

  #candidate(item: Case, outcome: Outcome | undefined): Candidate | undefined {
    if (outcome?.kind !== "trace") return undefined;
    const judged = judgeCase(this.#jury, item, outcome);
    const clauses = judged.opinions.filter(({ exercised }) => exercised).map(({ juror }) => juror.clause.name);
    if (objectsTo(judged) || clauses.length === 0) return undefined;
    const reading = new Reading(readHistory(item.scenario, item.compiled, outcome.trace));
    if (isTight(reading)) return undefined;
    return { item, trace: outcome.trace, clauses, features: featuresOf(reading, clauses) };
  }

  /** What each case is as a vector; undefined where it reaches nothing, or hangs on very little time. */
  async candidates(cases: readonly Case[]): Promise<(Candidate | undefined)[]> {
    const outcomes = await this.#choice.harness.run(cases.map(({ compiled }) => compiled));
    return cases.map((item, at) => this.#candidate(item, outcomes[at]));
  }

  /** The smallest case that still has these features. */
  async smallest(first: Candidate, features: readonly string[]): Promise<Candidate> {
    const has = (candidate: Candidate | undefined): boolean =>
      candidate !== undefined && features.every((feature) => candidate.features.has(feature));
    const scenario = await shrink(
      first.item.scenario,
      async (batch) => (await this.candidates(batch.map(toCase))).map(has),
      this.#choice.signal,
    );
    const [last] = await this.candidates([toCase(scenario)]);
    return last ?? first;
  }
}

const sizeOf = ({ item }: Candidate): number => JSON.stringify(item.scenario).length;

/** Features, or every two of them: what is counted when there are no new ones left. */
const singles = (features: ReadonlySet<string>): string[] => [...features];
const pairs = (features: ReadonlySet<string>): string[] => {
  const all = [...features].sort();
  return all.flatMap((one, at) => all.slice(at + 1).map((other) => `${one}${AND}${other}`));
};
const AND = " and ";

type Count = (features: ReadonlySet<string>) => string[];

/** The case with the most that is new, the smallest of these. */
function best(pool: readonly Candidate[], known: ReadonlySet<string>, count: Count): Candidate | undefined {
  const rated = pool.map((candidate) => ({
    candidate,
    gain: count(candidate.features).filter((feature) => !known.has(feature)).length,
    size: sizeOf(candidate),
  }));
  const [first] = rated.sort((one, other) => other.gain - one.gain || one.size - other.size);
  return first !== undefined && first.gain > 0 ? first.candidate : undefined;
}

/** As many vectors of a guarantee as are asked for, or as there are different ones: the smallest come first. */
export async function chooseCases(guarantee: Guarantee, choice: Choice): Promise<Chosen[]> {
  const chooser = new Chooser(guarantee, choice);
  const drawn = [...drawCases(guarantee, choice.seed, DRAWN)];
  let pool = (await chooser.candidates(drawn)).filter((each) => each !== undefined);
  const known = new Set<string>();
  const chosen: Chosen[] = [];
  for (const count of [singles, pairs]) {
    while (chosen.length < choice.count) {
      const next = best(pool, known, count);
      if (next === undefined) break;
      pool = pool.filter((each) => each !== next);
      if (!choice.isFit(next)) continue;
      const fresh = count(next.features).filter((feature) => !known.has(feature));
      const brings = [...new Set(fresh.flatMap((feature) => feature.split(AND)))].sort();
      const smallest = await chooser.smallest(next, brings);
      const fit = choice.isFit(smallest) ? smallest : next;
      for (const feature of [...singles(fit.features), ...pairs(fit.features)]) known.add(feature);
      chosen.push({ ...fit, brings });
    }
  }
  return chosen.sort((one, other) => sizeOf(one) - sizeOf(other));
}
