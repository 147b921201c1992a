/** Runtimes by name: `emulator[:VERSION][+fault=NAME]`, `kernel[:SERIES|:PATH]`, `process:COMMAND`, `verify:COMMAND`. */
import { checkEmulatorName, openEmulator } from "../harness/emulator/index.ts";
import { type Harness, UnknownRuntime } from "../harness/harness.ts";
import { type MachineAdditions, openKernel } from "../harness/kernel/index.ts";
import { parseKernelName } from "../harness/kernel/kernel-name.ts";
import { packageVersion } from "../harness/package-root.ts";
import { checkProcessName, openProcess } from "../harness/process/index.ts";
import { checkVerifyName, openVerify } from "../harness/verify/index.ts";

/** What is added to a machine is for kernels; an emulator is none. */
export interface OpenOptions extends MachineAdditions {
  /** A line for the person who waits. */
  progress(line: string): void;
  signal?: AbortSignal;
  /** The most guests of a kernel to use at once. */
  guests?: number;
  /** It will not be opened again soon: nothing is kept to start it faster. */
  once?: boolean;
}

const ownGreeting = (): { name: string; version: string } => ({
  name: "bpf-timer-conformance",
  version: packageVersion(),
});

interface RuntimeKind {
  /** @throws {UnknownRuntime} where the name means nothing */
  check(name: string): void;
  open(name: string, options: OpenOptions): Promise<Harness>;
}

const KINDS: Readonly<Record<string, RuntimeKind>> = {
  emulator: { check: checkEmulatorName, open: async (name) => openEmulator(name) },
  kernel: { check: parseKernelName, open: openKernel },
  process: { check: checkProcessName, open: (name) => openProcess(name, ownGreeting()) },
  verify: { check: checkVerifyName, open: openVerify },
};

function kindOf(name: string): RuntimeKind {
  const kind = KINDS[/^[a-z]+(?=$|:|\+)/.exec(name)?.[0] ?? ""];
  if (kind !== undefined) return kind;
  throw new UnknownRuntime(
    `unknown runtime "${name}": write emulator, emulator:6.12, kernel, kernel:6.1, kernel:./bzImage, process:COMMAND or verify:COMMAND`,
  );
}

/**
 * Checks names before anything is started.
 * @throws {UnknownRuntime} where one of them means nothing
 */
export function checkRuntimeNames(names: readonly string[]): void {
  for (const name of names) kindOf(name).check(name);
}

/**
 * Starts the runtime of that name.
 * @throws {UnknownRuntime} where the name means nothing
 * @throws {RuntimeUnavailable} where the runtime cannot be had here
 */
export async function openRuntime(name: string, options: OpenOptions): Promise<Harness> {
  return kindOf(name).open(name, options);
}
