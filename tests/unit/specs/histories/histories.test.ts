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
const written = await loadHistories();
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
      expect(violations.map((violation) => violation.subject)).toContain(subject);
    },
  );

  test.each(known.filter(({ expectation }) => expectation === "not exercised"))(
    "$clause has nothing to say: $words ($place)",
    ({ clause, text }) => {
      expect(judge(clause, text)).toEqual({ exercised: 0, violations: [] });
    },
  );
});

const EXPECTATIONS: readonly Expectation[] = ["holds", "violated", "not exercised"];

test("no guarantee condemns a history that is not to be violated", () => {
  const condemned = known
    .filter(({ expectation }) => expectation !== "violated")
    .flatMap(({ text, place, against }) => {
      const reading = readingOf(text);
      const others = [...clauses].filter(([clause]) => clause !== against);
      return others.flatMap(([clause, { check }]) =>
        check(reading, CLOCK).violations.map(
          ({ expected, observed }) => `${place} by ${clause}: expected ${expected}, ${observed}`,
        ),
      );
    });
  expect(condemned).toEqual([]);
});

test("every clause has its three histories, and every history a clause", () => {
  const lacking = [...clauses.keys()].flatMap((clause) => {
    const own = written.filter((history) => history.clause === clause).map(({ expectation }) => expectation);
    const missing = EXPECTATIONS.filter((expectation) => !own.includes(expectation));
    return missing.length === 0 ? [] : [`${clause}: ${missing.join(", ")}`];
  });
  expect(lacking, "histories that clauses lack").toEqual([]);
  const strange = written
    .filter(({ clause }) => !clauses.has(clause))
    .map(({ clause, place }) => `${clause} (${place})`);
  expect(strange, "histories of no clause").toEqual([]);
});
