/** `timerconf bisect-run`: one saved case on one kernel, in the words of git bisect run. */
import { resolve } from "node:path";
import type { CaseVerdict } from "../conformance/judge-case.ts";
import { type Replay, replay } from "../conformance/replay.ts";
import { UnknownRuntime } from "../harness/harness.ts";
import { KernelDoesNotBoot } from "../harness/kernel/index.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import { complain, type Io } from "./io.ts";
import type { MachineOptions } from "./options.ts";
import { Progress } from "./progress.ts";
import { readSaved } from "./replay.ts";
import { UsageError } from "./usage-error.ts";

type Finding = { word: "good" | "bad" | "cannot tell"; code: ExitCode };
const GOOD: Finding = { word: "good", code: EXIT.ok };
const BAD: Finding = { word: "bad", code: EXIT.found };
const CANNOT_TELL: Finding = { word: "cannot tell", code: EXIT.cannotTell };

/** A recorded divergence is good, as everywhere; a case that did not reach its point says nothing of this kernel. */
const FINDING: Record<CaseVerdict["kind"], Finding> = {
  holds: GOOD,
  "known-divergence": GOOD,
  violated: BAD,
  "not-exercised": CANNOT_TELL,
  error: CANNOT_TELL,
};

const firstLine = (text: string): string => text.split("\n", 1)[0] ?? "";

/** What is said behind the verdict. */
function because(verdict: CaseVerdict): string {
  if (verdict.kind === "violated") return `violated: ${verdict.violation.observed}`;
  return verdict.kind === "error" ? `error: ${firstLine(verdict.reason)}` : verdict.kind;
}

/** Runs the case; undefined where this very kernel cannot be started, which is then said. */
async function tryKernel(image: string, file: string, machine: MachineOptions, io: Io): Promise<Replay | undefined> {
  const saved = await readSaved(file);
  if (saved.origin?.guarantee === undefined)
    throw new UsageError(`${file} names no guarantee, so nothing says what is good: take a case that run has saved`);
  const progress = new Progress(io.err);
  const options = { signal: io.signal, progress: (line: string) => progress.say(line), once: true, ...machine };
  try {
    return await replay(saved, `kernel:${resolve(image)}`, options);
  } catch (error) {
    if (!(error instanceof UnknownRuntime) && !(error instanceof KernelDoesNotBoot)) throw error;
    progress.clear();
    complain(io, error.message);
    return undefined;
  } finally {
    progress.clear();
  }
}

/**
 * Judges a saved case on a kernel image, and says in a line what git bisect run is told. What has nothing to do with
 * this kernel is thrown, and stops the bisection (see `bisectExitCode`).
 * @throws {UsageError | ScenarioError} where the file cannot be used
 * @throws {RuntimeUnavailable} where no kernel could be run here
 */
export async function bisectRunCommand(
  image: string,
  file: string,
  machine: MachineOptions,
  io: Io,
): Promise<ExitCode> {
  const result = await tryKernel(image, file, machine, io);
  if (result?.verdict === undefined) {
    io.out.write(`${CANNOT_TELL.word}: ${image} cannot be run\n`);
    return CANNOT_TELL.code;
  }
  const { word, code } = FINDING[result.verdict.kind];
  io.out.write(`${word}: ${image}, ${result.version}: ${because(result.verdict)}\n`);
  return code;
}
