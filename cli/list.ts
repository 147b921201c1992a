/** `timerconf list`: the guarantees and the faults. */
import { faults } from "../harness/emulator/index.ts";
import { catalogueText, listing } from "../reports/catalogue-text.ts";
import { paintFor } from "../reports/paint.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** Prints the catalogue, for people or as JSON. */
export async function listCommand({ json }: { json?: true }, io: Io): Promise<ExitCode> {
  const list = listing(await loadCatalogue(), faults);
  io.out.write(
    json === true ? `${JSON.stringify(list, null, 2)}\n` : catalogueText(list, paintFor(io.out.isTTY, io.env)),
  );
  return EXIT.ok;
}
