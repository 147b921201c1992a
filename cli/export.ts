/** `timerconf export`: the maps and programs of cases as files that others read. */
import { basename } from "node:path";
import { casesFor } from "../conformance/cases.ts";
import { objectLoads } from "../conformance/object-loads.ts";
import { writeObject } from "../reports/object-file.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { objectOf } from "../scenario/object/object.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { orUsageError } from "./or-usage-error.ts";
import { readSaved } from "./replay.ts";
import { selectGuarantees } from "./select-guarantees.ts";
import { UsageError } from "./usage-error.ts";

export interface ExportCommandOptions {
  guarantee: readonly string[];
  cases: number;
  seed: number;
  /** The folder for objects. */
  elf: string;
}

/** A case, and what its files are called. */
interface Named {
  name: string;
  compiled: CompiledScenario;
}

const NUMBER_DIGITS = 3;

/** The cases of the guarantees, each named after its guarantee and its number. */
async function drawn({ guarantee: globs, seed, cases }: ExportCommandOptions): Promise<Named[]> {
  return selectGuarantees(await loadCatalogue(), globs).flatMap((guarantee) =>
    casesFor(guarantee, seed, cases).map(({ scenario, compiled }, at) => ({
      name: `${guarantee.id}-${String(at + 1).padStart(NUMBER_DIGITS, "0")}`,
      compiled: { ...compiled, origin: { scenario, guarantee: guarantee.id, seed } },
    })),
  );
}

const saved = async (file: string): Promise<Named> => ({
  name: basename(file).replace(/\.json$/, ""),
  compiled: await readSaved(file),
});

/**
 * Writes the objects of a saved case or of guarantees' cases.
 * @throws {UsageError | ScenarioError} where there is nothing to export, or not to that folder
 */
export async function exportCommand(
  file: string | undefined,
  options: ExportCommandOptions,
  io: Io,
): Promise<ExitCode> {
  if ((file === undefined) === (options.guarantee.length === 0))
    throw new UsageError("name what to export: a saved case, or --guarantee");
  const named = file === undefined ? await drawn(options) : [await saved(file)];
  const loads = await objectLoads(named.map(({ compiled }) => compiled));
  await orUsageError(`cannot write to ${options.elf}`, async () => {
    for (const [at, { name, compiled }] of named.entries())
      await writeObject(options.elf, name, objectOf(compiled), loads[at] as (typeof loads)[number]);
  });
  const from = file === undefined ? `, drawn from seed ${options.seed}` : "";
  const count = named.length === 1 ? "1 object" : `${named.length} objects`;
  io.out.write(`${count} in ${options.elf}, and what to expect of each${from}\n`);
  return EXIT.ok;
}
