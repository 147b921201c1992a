/** The catalogue, with the guarantees of the user where there are any. */
import { loadCatalogue } from "../specs/catalogue.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { loadGuarantees } from "../specs/own-catalogue.ts";
import { orUsageError } from "./or-usage-error.ts";

/**
 * Ours first, then those of the folder of `--guarantees`: they join, since a trace that breaks one of ours is worth
 * knowing whoever drew it, and an id means one thing alone.
 * @throws {UsageError | ScenarioError} where the folder cannot be read, or a guarantee in it not be used
 */
export async function wholeCatalogue(folder: string | undefined): Promise<Guarantee[]> {
  const catalogue = await loadCatalogue();
  if (folder === undefined) return catalogue;
  const own = await orUsageError(`cannot read the guarantees in ${folder}`, () => loadGuarantees(folder, catalogue));
  return [...catalogue, ...own];
}
