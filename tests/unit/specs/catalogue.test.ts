import { describe, expect, test } from "vitest";
import { casesFor } from "../../../conformance/cases.ts";
import { loadCatalogue } from "../../../specs/catalogue.ts";
import { DIVERGENCES, explain } from "../../../specs/divergences.ts";
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

  test("a divergence names a guarantee, and explains only the violations it was recorded for", () => {
    const ids = catalogue.map(({ id }) => id);
    for (const { guarantee } of DIVERGENCES) expect(ids).toContain(guarantee);
    const violation = { at: 0, expected: "", observed: "", subject: "-EINVAL" };
    const linux = { major: 6, minor: 1 };
    expect(explain("set-callback.no-user-reference", violation, linux)?.happens).toBe("It returns -EINVAL.");
    expect(explain("set-callback.no-user-reference", { ...violation, subject: "0" }, linux)).toBeUndefined();
    expect(explain("set-callback.no-user-reference", violation, undefined)).toBeUndefined();
  });
});
