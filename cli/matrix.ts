/** `timerconf matrix`: the guarantees on many kernels, taken up again where it was cut short. */
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { isSame, type Request, seedOf } from "../conformance/matrix.ts";
import { checkRuntimeNames } from "../conformance/runtime.ts";
import { checkBzImage } from "../harness/kernel/bzimage.ts";
import { parseKernelName } from "../harness/kernel/kernel-name.ts";
import { packageVersion } from "../harness/package-root.ts";
import { readCutShort, writeRequest } from "../reports/matrix-file.ts";
import { matrixTable } from "../reports/matrix-table.ts";
import { loadCatalogue } from "../specs/catalogue.ts";
import type { ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { type MachineOptions, randomSeed } from "./options.ts";
import { runCommand } from "./run.ts";
import { selectGuarantees } from "./select-guarantees.ts";
import { isSystemError, systemErrorText } from "./system-error.ts";
import { UsageError } from "./usage-error.ts";

export interface MatrixCommandOptions extends MachineOptions {
  /** Runtimes, `kernel:6.12`. */
  kernels: readonly string[];
  guarantee: readonly string[];
  cases: number;
  seed?: number;
  out: string;
  expect: readonly string[];
  strict?: true;
}

/** The digest of an image that is a file, so that one built anew is judged anew. */
function imageDigests(runtimes: readonly string[]): string[] {
  return runtimes.flatMap((runtime) => {
    const name = parseKernelName(runtime);
    if (name.kind !== "file") return [];
    checkBzImage(name.path);
    return [createHash("sha256").update(readFileSync(name.path)).digest("hex")];
  });
}

/** Reads and notes the state of the folder; a folder that cannot be used is a wrong `--out`. */
async function inFolder<T>(folder: string, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (error) {
    if (!isSystemError(error)) throw error;
    throw new UsageError(`cannot use ${folder}: ${systemErrorText(error)}; choose another folder with --out`);
  }
}

/**
 * Runs the guarantees on all kernels, or those that an earlier run of the same has not come to.
 * @throws {UsageError | UnknownRuntime} where a name means nothing, or the folder cannot be used
 */
export async function matrixCommand(options: MatrixCommandOptions, io: Io): Promise<ExitCode> {
  const { kernels, guarantee, cases, out, append, qemuArg } = options;
  checkRuntimeNames(kernels);
  const guarantees = selectGuarantees(await loadCatalogue(), guarantee).map(({ id }) => id);
  const images = imageDigests(kernels);
  const machine = { append: [...append], qemuArg: [...qemuArg] };
  const asked = { version: packageVersion(), cases, runtimes: [...kernels], guarantees, images, ...machine };
  const before = await inFolder(out, () => readCutShort(out));
  const seed = options.seed ?? seedOf(asked, before?.request, randomSeed());
  const request: Request = { ...asked, seed };
  const earlier = before !== undefined && isSame(request, before.request) ? before.results : undefined;
  const judged = earlier?.runtimes.reduce((sum, { drawn }) => sum + drawn.length, 0);
  if (judged !== undefined) io.out.write(`going on after ${judged} verdicts in ${out}\n`);
  await inFolder(out, () => writeRequest(out, request));
  const { expect, strict } = options;
  const run = { runtime: kernels, guarantee, cases, seed, out, expect, ...(strict ? { strict } : {}), ...machine };
  return runCommand(run, io, { earlier, table: matrixTable });
}
