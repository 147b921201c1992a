/** `timerconf list`: the guarantees and the faults. */
import { faults } from "../harness/emulator/index.ts";
import { catalogueText, listing } from "../reports/catalogue-text.ts";
import { paintFor } from "../reports/paint.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { wholeCatalogue } from "./whole-catalogue.ts";

export interface ListCommandOptions {
  json?: true;
  /** A folder of guarantees of the user. */
  guarantees?: string;
}

/** Prints the catalogue, for people or as JSON. */
export async function listCommand({ json, guarantees }: ListCommandOptions, io: Io): Promise<ExitCode> {
  const list = listing(await wholeCatalogue(guarantees), faults);
  io.out.write(
    json === true ? `${JSON.stringify(list, null, 2)}\n` : catalogueText(list, paintFor(io.out.isTTY, io.env)),
  );
  return EXIT.ok;
}
