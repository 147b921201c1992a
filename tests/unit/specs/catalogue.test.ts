import { describe, expect, test } from "vitest";
import { casesFor } from "../../../conformance/cases.ts";
import { parseRelease } from "../../../scenario/release.ts";
import { loadCatalogue } from "../../../specs/catalogue.ts";
import { DIVERGENCES, standingOf } from "../../../specs/divergences.ts";
import { DOCUMENTS } from "../../../specs/sources/documents.ts";

const catalogue = await loadCatalogue();

describe("the catalogue", () => {
  test("has the guarantees of both helpers' pages", () => {
    expect(catalogue.map(({ id }) => id)).toEqual(
      expect.arrayContaining([
        "init.succeeds",
        "init.already-initialized",
        "init.invalid-clock",
        "init.reserved-flags",
        "init.no-user-reference",
        "init.other-map",
        "set-callback.succeeds",
        "set-callback.uninitialized",
        "set-callback.no-user-reference",
        "set-callback.arguments",
        "set-callback.latest-wins",
        "set-callback.returns-zero",
        "ownership.close-cancels",
        "ownership.unpin-cancels",
        "ownership.pin-keeps",
        "program-types.allowed",
        "example.set-callback",
      ]),
    );
  });

  test.each(catalogue)(
    "$id cites a known document, has a fault, and draws the same cases for the same seed",
    (guarantee) => {
      expect(guarantee.citations.length).toBeGreaterThan(0);
      for (const { document } of guarantee.citations) expect(DOCUMENTS).toHaveProperty(document);
      for (const { faults } of guarantee.clauses) expect(faults.length).toBeGreaterThan(0);
      expect(casesFor(guarantee, 11, 20)).toEqual(casesFor(guarantee, 11, 20));
    },
  );

  test.each(DIVERGENCES)("the divergence $id names a clause, and kernels that have it", (divergence) => {
    const guarantee = catalogue.find(({ id }) => id === divergence.guarantee);
    expect(guarantee?.clauses.map(({ name }) => name)).toContain(divergence.clause);
    expect(divergence.seenOn.length).toBeGreaterThan(0);
    for (const series of divergence.seenOn) expect(standingOf(divergence, parseRelease(series))).toBe("differs");
  });

  test("a kernel between two releases may have a divergence that the second brings", () => {
    const since = { since: "7.0" };
    expect(standingOf(since, { major: 6, minor: 19 })).toBe("keeps");
    expect(standingOf(since, { major: 6, minor: 19, between: true })).toBe("may-differ");
    expect(standingOf(since, { major: 7, minor: 0 })).toBe("differs");
    expect(standingOf({ since: "5.15", until: "7.0" }, { major: 6, minor: 19, between: true })).toBe("may-differ");
    expect(standingOf({ since: "5.15", until: "7.0" }, { major: 7, minor: 0 })).toBe("keeps");
    expect(standingOf(since, undefined)).toBe("keeps");
  });
});
