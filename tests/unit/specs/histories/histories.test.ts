/**
 * Every clause of the catalogue judges its histories as README.md of this folder says. A new clause needs three: one
 * that holds, one that is violated, one that does not exercise it, in the file of its subject.
 */
import { describe, expect, test } from "vitest";
import { loadCatalogue } from "../../../../specs/catalogue.ts";
import { Reading } from "../../../../specs/checks/reading.ts";
import type { Clause, ClockBound, Judgement } from "../../../../specs/guarantee.ts";
import { type Expectation, loadHistories } from "./histories.ts";
import { historyOf } from "./notation/history-text.ts";

/** Firings are written down a little after they are due. */
const CLOCK: ClockBound = { kind: "virtual", latenessNs: 2_000_000 };

const catalogue = await loadCatalogue();
const clauses = new Map<string, Clause>(
  catalogue.flatMap(({ id, clauses }) => clauses.map((clause): [string, Clause] => [`${id}/${clause.name}`, clause])),
);
const written = (await loadHistories()).map((history) => ({
  ...history,
  name: `${history.clause} ${history.expectation}, ${history.words}`,
}));
const known = written.filter(({ clause }) => clauses.has(clause));

const readingOf = (text: string): Reading => new Reading(historyOf(text));
const judge = (clause: string, text: string): Judgement => {
  const judgement = clauses.get(clause)?.check(readingOf(text), CLOCK);
  if (judgement === undefined) throw new Error(`no clause ${clause}`);
  return judgement;
};

describe("histories by hand", () => {
  test.each(known.filter(({ expectation }) => expectation === "holds"))(
    "$clause holds ($place)",
    ({ clause, text }) => {
      const { exercised, violations } = judge(clause, text);
      expect(violations).toEqual([]);
      expect(exercised).toBeGreaterThan(0);
    },
  );

  test.each(known.filter(({ expectation }) => expectation === "violated"))(
    "$clause is violated: $words ($place)",
    ({ clause, text, subject }) => {
      const { violations } = judge(clause, text);
      expect(violations.map((violation) => violation.subject)).toContain(subject ?? expect.anything());
    },
  );

  test.each(known.filter(({ expectation }) => expectation === "not exercised"))(
    "$clause has nothing to say: $words ($place)",
    ({ clause, text }) => {
      expect(judge(clause, text)).toEqual({ exercised: 0, violations: [] });
    },
  );
});

test.each(known.filter(({ expectation }) => expectation !== "violated"))(
  "no guarantee condemns the history of $clause that is not to be violated ($place)",
  ({ text }) => {
    const reading = readingOf(text);
    const condemning = [...clauses].flatMap(([clause, { check }]) =>
      check(reading, CLOCK).violations.map(({ expected, observed }) => `${clause}: expected ${expected}, ${observed}`),
    );
    expect(condemning).toEqual([]);
  },
);

const EXPECTATIONS: readonly Expectation[] = ["holds", "violated", "not exercised"];

test("every clause has its three histories, and every history a clause", () => {
  const lacking = [...clauses.keys()].flatMap((clause) =>
    EXPECTATIONS.filter(
      (expectation) => !written.some((history) => history.clause === clause && history.expectation === expectation),
    ).map((expectation) => `${clause} ${expectation}`),
  );
  const strange = written
    .filter(({ clause }) => !clauses.has(clause))
    .map(({ clause, place }) => `${clause} (${place})`);
  if (lacking.length + strange.length > 0) console.warn("histories lack:", lacking, "and are of no clause:", strange);
});
