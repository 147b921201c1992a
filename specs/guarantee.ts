/** What a guarantee is: one documented promise, its clauses, and the cases that reach it. */
import type { Arbitrary } from "fast-check";
import type { HistoryEvent } from "../scenario/history.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Reading } from "./checks/reading.ts";
import type { SourceId } from "./sources/documents.ts";

/**
 * Where a promise is written: a document of `specs/sources/documents.ts` and the place in it. A document that is not
 * listed there brings its title along.
 */
export type Citation = { document: SourceId; place: string } | { document: string; place: string; title: string };

/** How a runtime's clock behaves; a callback may be up to `latenessNs` late. */
export interface ClockBound {
  kind: "virtual" | "real";
  latenessNs: number;
}

/** One way in which a history breaks the promise. */
export interface Violation {
  /** The step it shows at. */
  at: number;
  expected: string;
  observed: string;
  /** What is seen, in a word or two: the errno, "late", the program type, … */
  subject: string;
  /** The event it shows in, where it shows in one. */
  event?: HistoryEvent;
  /** Set where nothing but how late something came is wrong, nanoseconds beyond the clock's bound. */
  lateByNs?: number;
}

/** What a check found: how many times the precondition was met, and where the promise was not kept. */
export interface Judgement {
  exercised: number;
  violations: readonly Violation[];
}

/** Judges what was read of a history. Pure; it knows no runtime. */
export type Check = (reading: Reading, clock: ClockBound) => Judgement;

/** What a check says of a history that has nothing to do with it. */
export const UNTOUCHED: Judgement = { exercised: 0, violations: [] };

/** A part of a guarantee's statement that can be false on its own. */
export interface Clause {
  /** Its name within the guarantee, in lower case with dashes: stable like the guarantee's id. */
  name: string;
  /** What it says, as one or two sentences. */
  words: string;
  check: Check;
  /** The emulator's faults that must make it violated; at least one of them breaks no other clause of the guarantee. */
  faults: readonly string[];
  /** Where not every case that is drawn for the guarantee reaches this clause: which share at least does, and why. */
  reach?: { share: number; because: string };
}

export interface Guarantee {
  /** Stable for ever, `init.already-initialized`: what people cite. */
  id: string;
  /** What is promised; it holds where all clauses do. */
  clauses: readonly [Clause, ...Clause[]];
  citations: readonly Citation[];
  /** The first kernel release that makes the promise, "5.15". */
  since: string;
  /** Marks a promise that no document states, though callers depend on it and the kernel keeps it. */
  undocumented?: true;
  /** How many processors a runtime needs for it to be judged; one where this is not said. */
  processors?: 2;
  /** Cases directed at the precondition: generated, or, where they can be listed, all of them. */
  scenarios: Arbitrary<Scenario> | readonly Scenario[];
}

/** The promise, as the sentences of its clauses one behind the other. */
export const statementOf = ({ clauses }: Pick<Guarantee, "clauses">): string =>
  clauses.map(({ words }) => words).join(" ");

/** The faults of all its clauses, each once. */
export const faultsOf = ({ clauses }: Pick<Guarantee, "clauses">): string[] => [
  ...new Set(clauses.flatMap(({ faults }) => faults)),
];
