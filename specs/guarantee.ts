/** What a guarantee is: one documented promise, the cases that reach it, and the check that judges a history. */
import type { Arbitrary } from "fast-check";
import type { History } from "../scenario/history.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { SourceId } from "./sources/documents.ts";

/** Where a promise is written: a document of `specs/sources/documents.ts` and the place in it. */
export interface Citation {
  document: SourceId;
  place: string;
}

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
  /** What a known divergence is matched by: the program type, the errno, … */
  subject: string;
}

/** What a check found: how many times the precondition was met, and where the promise was not kept. */
export interface Judgement {
  exercised: number;
  violations: Violation[];
}

export interface Guarantee {
  /** Stable for ever, `init.already-initialized`: what people cite. */
  id: string;
  /** The promise, in one or two sentences. */
  statement: string;
  citations: readonly Citation[];
  /** The first kernel release that makes the promise, "5.15". */
  since: string;
  /** Marks a promise that no document states, though callers depend on it and the kernel keeps it. */
  undocumented?: true;
  /** Cases directed at the precondition: generated, or, where they can be listed, all of them. */
  scenarios: Arbitrary<Scenario> | readonly Scenario[];
  check(history: History, clock: ClockBound): Judgement;
  /** The emulator's faults that must make it violated. */
  faults: readonly string[];
}
