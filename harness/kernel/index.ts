/** Real Linux kernels in QEMU, as runtimes under test. */
import { availableParallelism } from "node:os";
import { type Harness, RuntimeUnavailable } from "../harness.ts";
import { buildAgent } from "./agent-build.ts";
import { Crew, type CrewOptions } from "./crew.ts";
import { ensureDependencies, QEMU } from "./dependencies.ts";
import type { GuestDeath } from "./guest.ts";
import { findKernelImage } from "./image.ts";
import { KernelHarness } from "./kernel-harness.ts";
import { parseKernelName } from "./kernel-name.ts";
import { mayUseKvm, rememberKvmFailure } from "./kvm.ts";
import { PROBE, whatIsLacking } from "./probe.ts";
import type { Accelerator, Machine, MachineAdditions } from "./qemu.ts";

export { fetchKernels, type KernelListing, listKernels } from "./image.ts";

export type { MachineAdditions } from "./qemu.ts";

export interface KernelOptions extends MachineAdditions {
  /** Gets a line about each thing that takes time. */
  progress(line: string): void;
  /** The most guests to use at once. Else as many as there are processors; where their time is real, one fewer. */
  guests?: number;
  /** Ends the guests; `run` then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Real time without one more case being answered, after which the guest is cut off. */
  caseLimitMs?: number;
  /** The kernel will not be started again soon: no snapshot of it is kept. */
  once?: boolean;
  /** For tests and benchmarks. Else KVM where it works, and instruction counting where it does not. */
  accelerator?: Accelerator;
}

/** The kernel could be had, but does not boot. */
export class KernelDoesNotBoot extends RuntimeUnavailable {}

const DEFAULT_CASE_LIMIT_MS = 20_000;
const SNAPSHOT_LIMIT_MS = 20_000;
const BOOT_LIMIT_MS: Record<Accelerator, number> = { kvm: 5_000, tcg: 120_000, "tcg-icount": 120_000 };

/**
 * Boots a kernel by its runtime name (`kernel`, `kernel:6.12`, `kernel:./bzImage`); whatever is missing is fetched,
 * built or installed first, with a line to `progress`.
 * @throws {UnknownRuntime} where the name means no kernel
 * @throws {RuntimeUnavailable} where it cannot be had here
 * @throws {KernelDoesNotBoot} where it does not boot
 */
export async function openKernel(name: string, options: KernelOptions): Promise<Harness> {
  const { progress, signal, append = [], qemuArg = [] } = options;
  const parsed = parseKernelName(name);
  if (process.arch !== "x64") throw new RuntimeUnavailable(`${name}: kernels are run on x86-64 machines only`);
  const kernel = await findKernelImage(parsed, progress);
  await ensureDependencies([QEMU], progress);
  const { initramfs } = await buildAgent(progress);

  const crewOptions = (accelerator: Accelerator, additions: Pick<Machine, "processors">): CrewOptions => ({
    machine: { kernel, initramfs, accelerator, append, qemuArg, ...additions },
    limits: {
      bootMs: BOOT_LIMIT_MS[accelerator],
      snapshotMs: SNAPSHOT_LIMIT_MS,
      caseMs: options.caseLimitMs ?? DEFAULT_CASE_LIMIT_MS,
      ...(signal ? { signal } : {}),
    },
    /* Where its time is real, a guest that has to wait for a processor fires late. */
    guestsMax: options.guests ?? Math.max(1, availableParallelism() - Number(accelerator !== "tcg-icount")),
    progress,
    ...(options.once ? { once: true } : {}),
  });
  const start = async (accelerator: Accelerator): Promise<KernelHarness | GuestDeath> => {
    signal?.throwIfAborted();
    const singles = await Crew.start(crewOptions(accelerator, {}));
    if (!(singles instanceof Crew)) return singles;
    const startPairs = () => Crew.start(crewOptions(accelerator, { processors: 2 }));
    const harness = new KernelHarness({ name, startPairs, progress }, singles);
    const [probed] = await harness.run([PROBE]);
    harness.lacks = whatIsLacking(probed);
    return harness;
  };
  /* Only a guest that has booted under KVM proves that it works; that guest is then used. */
  if (options.accelerator === undefined && mayUseKvm()) {
    const harness = await start("kvm");
    if (harness instanceof KernelHarness) return harness;
    progress(`KVM does not work here (${harness.reason}): going on without`);
    /* With arguments of the user's own it may be they that KVM does not go with. */
    if (qemuArg.length === 0) await rememberKvmFailure();
  }
  const harness = await start(options.accelerator ?? "tcg-icount");
  if (harness instanceof KernelHarness) return harness;
  if (harness.byQemu && qemuArg.length > 0) {
    throw new RuntimeUnavailable(`${name}: QEMU does not start with ${qemuArg.join(" ")} (${harness.reason})`);
  }
  throw new KernelDoesNotBoot(`${name} does not boot (${harness.reason}): try another kernel`);
}
