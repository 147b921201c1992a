/** `timerconf kernels`: what can be had here, and what is cached; `timerconf kernels fetch` gets more. */
import { fetchKernels, listKernels } from "../harness/kernel/index.ts";
import { kernelsText } from "../reports/kernels-text.ts";
import { paintFor } from "../reports/paint.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { complain, type Io } from "./io.ts";
import { Progress } from "./progress.ts";

/** Prints one line for each kernel series. */
export function kernelsCommand(io: Io): ExitCode {
  io.out.write(kernelsText(listKernels(), paintFor(io.out.isTTY, io.env)));
  return EXIT.ok;
}

/**
 * Puts kernels into the cache and prints a line for each; one that cannot be had does not keep the others.
 * @throws {UnknownRuntime} where a series means nothing
 */
export async function fetchKernelsCommand(series: readonly string[], io: Io): Promise<ExitCode> {
  const progress = new Progress(io.err);
  const fetched = await fetchKernels(series, (line) => progress.say(line)).finally(() => progress.clear());
  for (const kernel of fetched) {
    if ("release" in kernel) io.out.write(`kernel:${kernel.series} is ${kernel.release}\n`);
    else complain(io, `kernel:${kernel.series}: ${kernel.failure}`);
  }
  return fetched.every((kernel) => "release" in kernel) ? EXIT.ok : EXIT.unavailable;
}
