/** `timerconf kernels`: what can be had here, and what is cached. */
import { listKernels } from "../harness/kernel/index.ts";
import { kernelsText } from "../reports/kernels-text.ts";
import { paintFor } from "../reports/paint.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";

/** Prints one line for each kernel series. */
export function kernelsCommand(io: Io): ExitCode {
  io.out.write(kernelsText(listKernels(), paintFor(io.out.isTTY, io.env)));
  return EXIT.ok;
}
