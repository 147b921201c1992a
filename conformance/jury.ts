/** All guarantees that apply to one runtime: each trace is judged by every clause of each of them. */
import type { Harness, Outcome } from "../harness/harness.ts";
import { readHistory } from "../scenario/history.ts";
import { isAtLeast, mayHold } from "../scenario/release.ts";
import { Reading } from "../specs/checks/reading.ts";
import { type Divergence, divergencesOf } from "../specs/divergences.ts";
import type { Clause, ClockBound, Guarantee, Violation } from "../specs/guarantee.ts";
import type { Case } from "./cases.ts";
import type { Expectation } from "./expectations.ts";

/** Why a violation does not count: a recorded divergence, or an expectation of the user. */
export type Excuse = { kind: "divergence"; divergence: Divergence } | { kind: "expectation"; expectation: Expectation };

/** What an excuse is called in reports: the finding, or what was expected. */
export const nameOf = (excuse: Excuse): string =>
  excuse.kind === "divergence" ? excuse.divergence.id : excuse.expectation.name;

/** Why it is one. */
export function reasonOf(excuse: Excuse): string {
  if (excuse.kind === "expectation") return `expected: ${excuse.expectation.entry.reason}`;
  const { claim, happens, because } = excuse.divergence;
  return `${claim} ${happens} ${because}`;
}

/** A clause with its guarantee, and its place among all clauses of the jury. */
export interface Juror {
  index: number;
  guarantee: Guarantee;
  clause: Clause;
  /** The runtime may be older than the promise: a kernel between two releases. What it breaks was not promised then. */
  mayBeTooOld: boolean;
  readonly divergences: readonly Divergence[];
  readonly expectations: readonly Expectation[];
}

/** What a juror says of a trace that has to do with it. */
export interface Opinion {
  juror: Juror;
  exercised: boolean;
  /** The first violation that nothing excuses; where there is none, the first of all. */
  violation?: Violation;
  excuse?: Excuse;
}

/** Why a guarantee does not apply to a runtime, in one line; undefined where it does. */
export function inapplicable({ since, processors }: Guarantee, harness: Harness): string | undefined {
  if (harness.lacks !== undefined) return harness.lacks;
  if (harness.linux !== undefined && !mayHold(harness.linux, since)) return `since Linux ${since}`;
  const isTooSmall = processors !== undefined && harness.processors < processors;
  return isTooSmall ? `takes ${processors} processors` : undefined;
}

export class Jury {
  readonly jurors: readonly Juror[];
  readonly #byGuarantee = new Map<Guarantee, Juror[]>();
  /** What each juror says most of the time: it had to do with the trace, and nothing is wrong. */
  readonly #contented: readonly Opinion[];
  readonly #clock: ClockBound;

  constructor(catalogue: readonly Guarantee[], harness: Harness, expectations: readonly Expectation[] = []) {
    this.#clock = harness.clock;
    const divergences = divergencesOf(harness.linux);
    this.jurors = catalogue
      .filter((guarantee) => inapplicable(guarantee, harness) === undefined)
      .flatMap((guarantee) => guarantee.clauses.map((clause) => ({ guarantee, clause })))
      .map(({ guarantee, clause }, index) => ({
        index,
        guarantee,
        clause,
        mayBeTooOld: harness.linux !== undefined && !isAtLeast(harness.linux, guarantee.since),
        divergences: divergences.filter((each) => each.guarantee === guarantee.id && each.clause === clause.name),
        expectations: expectations.filter((each) => each.concerns(guarantee.id, clause.name)),
      }));
    this.#contented = this.jurors.map((juror) => ({ juror, exercised: true }));
    for (const juror of this.jurors) {
      const others = this.#byGuarantee.get(juror.guarantee);
      if (others === undefined) this.#byGuarantee.set(juror.guarantee, [juror]);
      else others.push(juror);
    }
  }

  /** The jurors of a guarantee. */
  of(guarantee: Guarantee): readonly Juror[] {
    return this.#byGuarantee.get(guarantee) ?? [];
  }

  /**
   * What each juror says that the trace has to do with.
   * @throws {ScenarioError} where the trace and the scenario do not belong together
   */
  judge({ scenario, compiled }: Case, { trace }: Extract<Outcome, { kind: "trace" }>): Opinion[] {
    const reading = new Reading(readHistory(scenario, compiled, trace));
    const opinions: Opinion[] = [];
    for (const juror of this.jurors) {
      const { exercised, violations } = juror.clause.check(reading, this.#clock);
      if (violations.length > 0) opinions.push(this.#weigh(juror, exercised > 0, violations, reading));
      else if (exercised > 0) opinions.push(this.#contented[juror.index] as Opinion);
    }
    return opinions;
  }

  #weigh(juror: Juror, exercised: boolean, violations: readonly Violation[], reading: Reading): Opinion {
    const weighed = violations.map((violation) => ({ violation, excuse: this.#excuse(juror, violation, reading) }));
    const unexcused = weighed.filter(({ excuse }) => excuse === undefined);
    // What is wrong beyond lateness tells more.
    const worst = unexcused.find((each) => each.violation.lateByNs === undefined) ?? unexcused[0] ?? weighed[0];
    return {
      juror,
      exercised,
      ...(worst === undefined ? {} : { violation: worst.violation }),
      ...(worst?.excuse === undefined ? {} : { excuse: worst.excuse }),
    };
  }

  #excuse({ divergences, expectations }: Juror, violation: Violation, reading: Reading): Excuse | undefined {
    const divergence = divergences.find((each) => each.shows(violation, reading, this.#clock));
    if (divergence !== undefined) return { kind: "divergence", divergence };
    const expectation = expectations.find((each) => each.isSeenIn(violation));
    return expectation === undefined ? undefined : { kind: "expectation", expectation };
  }
}
