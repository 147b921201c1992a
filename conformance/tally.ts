/** What is kept of the cases judged so far, by guarantee and clause: traces are large, so only witnesses keep theirs. */
import type { Violation } from "../specs/guarantee.ts";
import type { Askable } from "./askable.ts";
import type { JudgedCase, Trouble } from "./judge-case.ts";
import type { Excuse, Jury } from "./jury.ts";

/** A case that shows a violation, or that could not be judged. */
export interface Witness {
  judged: JudgedCase;
  violation?: Violation;
}

/** How many cases with nothing wrong but lateness are kept, to be run again. */
const LATE_MAX = 5;

export interface Counts {
  exercised: number;
  violated: number;
  excused: number;
}

export interface ExcuseCounts {
  excuse: Excuse;
  own: number;
  all: number;
}

const noCounts = (): Counts => ({ exercised: 0, violated: 0, excused: 0 });

/** What an excuse is told apart by. */
const keyOf = (excuse: Excuse): object => (excuse.kind === "divergence" ? excuse.divergence : excuse.expectation);

export class ClauseTally {
  /** Of the cases drawn for its guarantee, and of all. */
  readonly own = noCounts();
  readonly all = noCounts();
  readonly excuses = new Map<object, ExcuseCounts>();
  /** The first case that shows more than lateness, and the first ones that show nothing else. */
  witness: Witness | undefined;
  readonly late: Witness[] = [];

  excuse(excuse: Excuse, own: number, all: number): void {
    const known = this.excuses.get(keyOf(excuse)) ?? { excuse, own: 0, all: 0 };
    this.excuses.set(keyOf(excuse), { excuse, own: known.own + own, all: known.all + all });
  }
}

export class GuaranteeTally {
  /** Cases that were drawn for it. */
  cases = 0;
  /** Of these: the first whose kernel complained, and the first that could not be judged. */
  complaint: Witness | undefined;
  error: { judged: JudgedCase; reason: string } | undefined;
  /** What there was to ask, of a runtime that does not have everything. */
  askable: Askable | undefined;
  /** Complaints that were expected. */
  readonly expected = new Map<object, ExcuseCounts>();

  trouble(judged: JudgedCase, trouble: Trouble): void {
    if (trouble.kind === "error") {
      this.error ??= { judged, reason: trouble.reason };
    } else if (trouble.expectation === undefined) {
      this.complaint ??= { judged, violation: trouble.violation };
    } else {
      const { expectation } = trouble;
      const excuse: Excuse = { kind: "expectation", expectation };
      const known = this.expected.get(expectation)?.own ?? 0;
      this.expected.set(expectation, { excuse, own: known + 1, all: known + 1 });
    }
  }
}

const addCounts = (one: Counts, other: Counts): void => {
  one.exercised += other.exercised;
  one.violated += other.violated;
  one.excused += other.excused;
};

export class Tally {
  /** Traces that all clauses have judged. */
  traces = 0;
  readonly guarantees = new Map<string, GuaranteeTally>();
  /** In the order of the jury. */
  readonly clauses: readonly ClauseTally[];

  constructor(jury: Jury) {
    this.clauses = jury.jurors.map(() => new ClauseTally());
  }

  of(guarantee: string): GuaranteeTally {
    const known = this.guarantees.get(guarantee) ?? new GuaranteeTally();
    this.guarantees.set(guarantee, known);
    return known;
  }

  /** Takes in a case that was drawn for `drawnFor`. */
  add(drawnFor: string, judged: JudgedCase): void {
    const tally = this.of(drawnFor);
    tally.cases++;
    if (judged.trouble !== undefined) tally.trouble(judged, judged.trouble);
    if (judged.trouble === undefined || judged.opinions.length > 0) this.traces++;
    for (const { juror, exercised, violation, excuse } of judged.opinions) {
      const clause = this.clauses[juror.index] as ClauseTally;
      const isOwn = juror.guarantee.id === drawnFor;
      const seen = {
        exercised: Number(exercised),
        violated: Number(violation !== undefined && excuse === undefined),
        excused: Number(excuse !== undefined),
      };
      addCounts(clause.all, seen);
      if (isOwn) addCounts(clause.own, seen);
      if (excuse !== undefined) clause.excuse(excuse, Number(isOwn), 1);
      else if (violation !== undefined) keepWitness(clause, { judged, violation });
    }
  }

  /** Takes in what another tally of the same jury holds, as what came later. */
  merge(other: Tally): void {
    this.traces += other.traces;
    for (const [id, theirs] of other.guarantees) {
      const ours = this.of(id);
      ours.cases += theirs.cases;
      ours.askable ??= theirs.askable;
      ours.complaint ??= theirs.complaint;
      ours.error ??= theirs.error;
      for (const [key, { excuse, own }] of theirs.expected) {
        const sum = (ours.expected.get(key)?.own ?? 0) + own;
        ours.expected.set(key, { excuse, own: sum, all: sum });
      }
    }
    for (const [index, theirs] of other.clauses.entries()) {
      const ours = this.clauses[index] as ClauseTally;
      addCounts(ours.own, theirs.own);
      addCounts(ours.all, theirs.all);
      for (const { excuse, own, all } of theirs.excuses.values()) ours.excuse(excuse, own, all);
      for (const witness of [...(theirs.witness === undefined ? [] : [theirs.witness]), ...theirs.late])
        keepWitness(ours, witness);
    }
  }
}

function keepWitness(clause: ClauseTally, witness: Witness): void {
  if (witness.violation?.lateByNs === undefined) clause.witness ??= witness;
  else if (clause.late.length < LATE_MAX) clause.late.push(witness);
}
