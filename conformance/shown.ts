/** What was shown of a run so far: the smallest case of each guarantee that is violated, once. */
import type { Counterexample } from "./counterexample.ts";
import { type Court, counterexampleOf, isLateAgain } from "./examine.ts";
import type { Juror } from "./jury.ts";
import type { ClauseTally, Tally, Witness } from "./tally.ts";

/** Shows a counterexample; gives the name under which it was saved. */
export type Show = (counterexample: Counterexample) => Promise<string | undefined>;

export class Shown {
  readonly files = new Map<string, string>();
  readonly #guarantees = new Set<string>();
  /** Clauses whose late cases were not late again. */
  readonly lateOnce = new Set<Juror>();
  readonly #court: Court;
  readonly #found: Show;

  constructor(court: Court, found: Show) {
    this.#court = court;
    this.#found = found;
  }

  /** Looks into what is bad in a tally and was not shown before. */
  async look(tally: Tally): Promise<void> {
    for (const juror of this.#court.jury.jurors)
      await this.#lookAtClause(juror, tally.clauses[juror.index] as ClauseTally);
    for (const [id, { complaint, error }] of tally.guarantees) {
      const witness = complaint ?? (error === undefined ? undefined : { judged: error.judged });
      if (witness !== undefined) await this.#show(id, undefined, witness);
    }
  }

  async #lookAtClause(juror: Juror, clause: ClauseTally): Promise<void> {
    const { guarantee, mayBeTooOld } = juror;
    if (mayBeTooOld || this.#guarantees.has(guarantee.id)) return;
    if (clause.witness === undefined && clause.late.length > 0) {
      const again = await this.#lateAgain(juror, clause.late);
      if (again === undefined) this.lateOnce.add(juror);
      else {
        this.lateOnce.delete(juror);
        clause.witness = again;
      }
    }
    // A complaint is shown under the guarantee whose case it was, as what it takes to see it again costs guests.
    if (clause.witness !== undefined && clause.witness.judged.trouble === undefined)
      await this.#show(guarantee.id, juror.clause.name, clause.witness);
  }

  async #lateAgain({ guarantee, clause }: Juror, late: readonly Witness[]): Promise<Witness | undefined> {
    for (const witness of late)
      if (await isLateAgain(witness, { guarantee: guarantee.id, name: clause.name }, this.#court)) return witness;
    return undefined;
  }

  async #show(guarantee: string, clause: string | undefined, witness: Witness): Promise<void> {
    if (this.#guarantees.has(guarantee)) return;
    this.#guarantees.add(guarantee);
    const file = await this.#found(await counterexampleOf(witness, guarantee, clause, this.#court));
    if (file !== undefined) this.files.set(guarantee, file);
  }
}
