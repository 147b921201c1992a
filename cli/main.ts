/** From arguments to an exit code. */
import { CommanderError } from "commander";
import { RuntimeUnavailable, UnknownRuntime } from "../harness/harness.ts";
import { ProtocolMismatch } from "../harness/process/serve.ts";
import { ScenarioError } from "../scenario/scenario-error.ts";
import { bisectExitCode, EXIT, type ExitCode } from "./exit-code.ts";
import { complain, type Io } from "./io.ts";
import { buildProgram } from "./program.ts";
import { UsageError } from "./usage-error.ts";

/** Errors whose message is all that a person needs. */
const EXPECTED: readonly (readonly [abstract new (...parameters: never[]) => Error, ExitCode])[] = [
  [UsageError, EXIT.usage],
  [UnknownRuntime, EXIT.usage],
  [ScenarioError, EXIT.usage],
  [RuntimeUnavailable, EXIT.unavailable],
  [ProtocolMismatch, EXIT.usage],
];

function explain(error: unknown, io: Io): ExitCode {
  // Commander has said already what it had to say; help that was asked for is no error.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (io.signal.aborted) {
    complain(io, "interrupted");
    return EXIT.interrupted;
  }
  const expected = EXPECTED.find(([type]) => error instanceof type);
  if (expected !== undefined && error instanceof Error) {
    complain(io, error.message);
    return expected[1];
  }
  // Nothing a user did: whoever mends this needs the stack.
  const detail = error instanceof Error ? (error.stack ?? error.message) : String(error);
  complain(io, `this is a bug in timerconf; please report it with what follows\n${detail}`);
  return EXIT.unavailable;
}

/** Runs `timerconf` with these arguments (without node and script), and gives its exit code. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  let code: ExitCode = EXIT.ok;
  const program = buildProgram(io, (result) => {
    code = result;
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return code;
  } catch (error) {
    const failure = explain(error, io);
    return argv[0] === "bisect-run" ? bisectExitCode(failure) : failure;
  }
}
