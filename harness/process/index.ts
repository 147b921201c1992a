/** Runtimes in a process of their own: `process:COMMAND`. */
import { type Harness, UnknownRuntime } from "../harness.ts";
import { type Greeting, ProcessHarness } from "./process-harness.ts";

const PREFIX = "process:";

/** The command in a runtime's name. */
function commandOf(name: string): string {
  const command = name.slice(PREFIX.length).trim();
  if (name.startsWith(PREFIX) && command !== "") return command;
  throw new UnknownRuntime(`${name} names no command: write process:./adapter, or 'process:./adapter --flag'`);
}

/** @throws {UnknownRuntime} where the name has no command */
export function checkProcessName(name: string): void {
  commandOf(name);
}

/**
 * Starts the command and learns what it is.
 * @throws {UnknownRuntime} where the name has no command
 * @throws {RuntimeUnavailable} where it does not say what it is
 */
export async function openProcess(name: string, greeting: Greeting): Promise<Harness> {
  return new ProcessHarness(name, commandOf(name), greeting).open();
}
