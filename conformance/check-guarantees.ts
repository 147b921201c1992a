/** Guarantees on one runtime: the cases of each, judged by all, with the verdicts so far and the counterexamples. */
import type { Harness } from "../harness/harness.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { plannerFor } from "./askable.ts";
import { type Case, toCase } from "./cases.ts";
import type { Court } from "./examine.ts";
import type { Expectation } from "./expectations.ts";
import { judgeBatch } from "./judge-case.ts";
import { inapplicable, Jury } from "./jury.ts";
import type { GuaranteeResult } from "./results.ts";
import { Baton } from "./scheduling/baton.ts";
import { inBatches } from "./scheduling/in-batches.ts";
import { inOrder } from "./scheduling/in-order.ts";
import { type Show, Shown } from "./shown.ts";
import { stretch, stretchFor } from "./stretch.ts";
import { Tally } from "./tally.ts";
import { resultOf } from "./verdict-of-tally.ts";

/** The cases of the next guarantees keep the runtime busy while the last ones of this one end and are judged. */
const GUARANTEES_AT_ONCE = 3;

export interface CheckOptions {
  /** Whose cases are drawn. */
  drawn: readonly Guarantee[];
  /** Who judges each of them. */
  catalogue: readonly Guarantee[];
  /** The guarantees, by id, whose own cases were run before: what they say of these traces is given too. */
  known?: ReadonlySet<string>;
  expectations?: readonly Expectation[];
  /** The cases of a guarantee; they are drawn as they are needed. */
  casesOf(guarantee: Guarantee): Iterable<Case>;
  seed: number;
  signal?: AbortSignal | undefined;
  /** Called for the smallest case of each guarantee that is violated; gives the name under which it was saved. */
  found: Show;
}

function* stretched(cases: Iterable<Case>, factor: number): Generator<Case> {
  for (const { scenario } of cases) yield toCase(stretch(scenario, factor));
}

/** What there is of a runtime once the cases of one more guarantee are judged. */
export interface Progress {
  /** The guarantee whose cases these were. */
  drawn: Guarantee;
  results: GuaranteeResult[];
}

/**
 * Runs the cases of each guarantee, judges every trace by the whole catalogue, and gives the results so far after each.
 * A guarantee whose cases were not asked for has a result only where another's case breaks it.
 * @throws {DOMException} AbortError where `signal` is raised between two batches
 */
export async function* checkGuarantees(harness: Harness, options: CheckOptions): AsyncGenerator<Progress> {
  const { drawn, catalogue, seed, signal } = options;
  const expectations = (options.expectations ?? []).filter((each) => each.isFor(harness.name));
  const jury = new Jury(catalogue, harness, expectations);
  const planner = plannerFor(harness);
  const factor = stretchFor(harness.clock);
  const casesOf = (guarantee: Guarantee): Iterable<Case> =>
    factor === 1 ? options.casesOf(guarantee) : stretched(options.casesOf(guarantee), factor);
  const court: Court = { harness, jury, expectations, seed, signal, planner };
  const total = new Tally(jury);
  const shown = new Shown(court, options.found);
  const asked = new Set([...drawn.map(({ id }) => id), ...(options.known ?? [])]);
  /* A guarantee's cases come behind all of the one before, so that verdicts are not all late together. */
  const baton = new Baton();
  const tasks = drawn.map((guarantee) => async () => {
    const pass = await baton.take();
    function* cases(drawn: Iterable<Case>): Generator<Case> {
      if (inapplicable(guarantee, harness) === undefined) yield* drawn;
      pass();
    }
    try {
      signal?.throwIfAborted();
      const tally = new Tally(jury);
      const askable = await planner?.plan(guarantee, casesOf(guarantee));
      if (askable !== undefined) tally.of(guarantee.id).askable = askable;
      const drawn = askable?.cases ?? casesOf(guarantee);
      for await (const batch of inBatches(cases(drawn), (some) => judgeBatch(some, court), signal))
        for (const judged of batch) tally.add(guarantee.id, judged);
      return { guarantee, tally };
    } finally {
      pass();
    }
  });
  const results = (): GuaranteeResult[] =>
    catalogue.flatMap((guarantee): GuaranteeResult[] => {
      const result = resultOf(guarantee, { jury, tally: total, harness, lateOnce: shown.lateOnce });
      if (!asked.has(guarantee.id) && result.verdict !== "violated") return [];
      const file = shown.files.get(guarantee.id);
      return [file === undefined ? result : { ...result, counterexample: file }];
    });
  for await (const { guarantee, tally } of inOrder(tasks, GUARANTEES_AT_ONCE)) {
    total.merge(tally);
    await shown.look(total);
    yield { drawn: guarantee, results: results() };
  }
}
