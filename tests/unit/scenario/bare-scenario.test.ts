import { expect, test } from "vitest";
import { casesFor } from "../../../conformance/cases.ts";
import { compileBareScenario } from "../../../scenario/bare-scenario.ts";
import { loadCatalogue } from "../../../specs/catalogue.ts";

test("whatever the catalogue draws could have been written by hand", async () => {
  for (const guarantee of await loadCatalogue())
    for (const { scenario, compiled } of casesFor(guarantee, 5, 5))
      expect(compileBareScenario(scenario)).toEqual({ data: { ...compiled, origin: { scenario } } });
});
