#!/usr/bin/env node
/** The executable: this process's arguments, streams and signals, handed to `main`. */
import { EXIT } from "./exit-code.ts";
import { processIo } from "./io.ts";
import { main } from "./main.ts";
import { isSystemError, systemErrorText } from "./system-error.ts";

const interruption = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const)
  process.on(signal, () => {
    // The first asks for an orderly end; who asks twice does not want to wait for it.
    if (interruption.signal.aborted) process.exit(EXIT.interrupted);
    interruption.abort();
  });

let outputFailed = false;
function onOutputError(error: Error): void {
  // The reader of a pipe has seen enough: no failure, and a run goes on to save its results.
  if (outputFailed || ("code" in error && error.code === "EPIPE")) return;
  outputFailed = true;
  process.exitCode = EXIT.usage;
  process.stderr.write(
    `timerconf: cannot write the output: ${isSystemError(error) ? systemErrorText(error) : error.message}\n`,
  );
}
process.stdout.on("error", onOutputError);
process.stderr.on("error", onOutputError);

const code = await main(process.argv.slice(2), processIo(interruption.signal));
// The error of a last write may come after this, or have come before.
if (!outputFailed) process.exitCode = code;
