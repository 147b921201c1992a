/** `timerconf serve`: a runtime of ours behind the protocol that runtimes of others speak. */
import { openRuntime } from "../conformance/runtime.ts";
import { serve } from "../harness/process/serve.ts";
import { EXIT, type ExitCode } from "./exit-code.ts";
import type { Io } from "./io.ts";
import { Progress } from "./progress.ts";

/**
 * Answers what comes on standard input until it ends.
 * @throws {UnknownRuntime | RuntimeUnavailable} where the runtime cannot be run
 * @throws {ProtocolMismatch} where the other side speaks another version
 */
export async function serveCommand({ runtime }: { runtime: string }, io: Io): Promise<ExitCode> {
  const progress = new Progress(io.err);
  const harness = await openRuntime(runtime, { signal: io.signal, progress: (line) => progress.say(line) });
  try {
    await serve(harness, runtime, { input: process.stdin, output: process.stdout });
    return EXIT.ok;
  } finally {
    progress.clear();
    await harness.close();
  }
}
