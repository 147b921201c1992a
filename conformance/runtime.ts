/** Runtimes by name: `emulator[:VERSION][+fault=NAME]`, `kernel[:SERIES|:PATH]`. */
import { openEmulator } from "../harness/emulator/index.ts";
import { type Harness, UnknownRuntime } from "../harness/harness.ts";
import { openKernel } from "../harness/kernel/index.ts";

export interface OpenOptions {
  /** A line for the person who waits. */
  progress(line: string): void;
  signal?: AbortSignal;
}

type Opener = (name: string, options: OpenOptions) => Promise<Harness>;

const OPENERS: Readonly<Record<string, Opener>> = {
  emulator: async (name) => openEmulator(name),
  kernel: openKernel,
};

/**
 * Starts the runtime of that name.
 * @throws {UnknownRuntime} where the name means nothing
 * @throws {RuntimeUnavailable} where the runtime cannot be had here
 */
export function openRuntime(name: string, options: OpenOptions): Promise<Harness> {
  const kind = /^[a-z]+/.exec(name)?.[0] ?? "";
  const open = OPENERS[kind];
  if (open === undefined || !/^[a-z]+(?=$|:|\+)/.test(name))
    throw new UnknownRuntime(
      `unknown runtime "${name}": write emulator, emulator:6.12, kernel, kernel:6.1 or kernel:./bzImage`,
    );
  return open(name, options);
}
