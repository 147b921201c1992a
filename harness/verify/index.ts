/** Verifiers as runtimes: `verify:COMMAND {elf}`. */
import { type Harness, UnknownRuntime } from "../harness.ts";
import { VerifyHarness } from "./verify-harness.ts";

const PREFIX = "verify:";

/** The command in a runtime's name. */
function commandOf(name: string): string {
  const command = name.slice(PREFIX.length).trim();
  if (name.startsWith(PREFIX) && command.includes("{elf}")) return command;
  throw new UnknownRuntime(`${name} names no command that is given an object: write 'verify:COMMAND {elf}'`);
}

/** @throws {UnknownRuntime} where the name has no command with {elf} in it */
export function checkVerifyName(name: string): void {
  commandOf(name);
}

/**
 * A verifier that is run once for each program.
 * @throws {UnknownRuntime} where the name has no command with {elf} in it
 * @throws {RuntimeUnavailable} where the command cannot be run
 */
export async function openVerify(name: string): Promise<Harness> {
  return new VerifyHarness(name, commandOf(name)).open();
}
