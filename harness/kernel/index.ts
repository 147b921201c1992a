/** Real Linux kernels in QEMU, as runtimes under test. */
import { accessSync, constants } from "node:fs";
import { type Clock, type Harness, RuntimeUnavailable } from "../harness.ts";
import { buildAgent } from "./agent-build.ts";
import { ensureDependencies, QEMU } from "./dependencies.ts";
import { Guest, type GuestLimits } from "./guest.ts";
import { findKernelImage } from "./image.ts";
import { KernelHarness } from "./kernel-harness.ts";
import { parseKernelName } from "./kernel-name.ts";
import type { Accelerator } from "./qemu.ts";

export { type KernelListing, listKernels } from "./image.ts";

export interface KernelOptions {
  /** Gets a line about each thing that takes time. */
  progress(line: string): void;
  /** Ends the guest; `run` then rejects with the signal's reason. */
  signal?: AbortSignal;
  /** Real time without one more case being answered, after which the guest is cut off. */
  caseLimitMs?: number;
}

const DEFAULT_CASE_LIMIT_MS = 20_000;
const BOOT_LIMIT_MS: Record<Accelerator, number> = { kvm: 10_000, tcg: 120_000 };

/** Measured: see the clock test in tests/kernel. */
const CLOCKS: Record<Accelerator, Clock> = {
  tcg: { kind: "virtual", latenessNs: 100_000 },
  kvm: { kind: "real", latenessNs: 50_000_000 },
};

/** KVM comes first where its device may be used; only a guest that has booted under it proves that it works. */
function accelerators(): Accelerator[] {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
    return ["kvm", "tcg"];
  } catch {
    return ["tcg"]; /* accessSync has no other way to say no */
  }
}

/**
 * Boots a kernel by its runtime name (`kernel`, `kernel:6.12`, `kernel:./bzImage`); whatever is missing is fetched,
 * built or installed first, with a line to `progress`.
 * @throws {UnknownRuntime} where the name means no kernel
 * @throws {RuntimeUnavailable} where it cannot be had or booted here
 */
export async function openKernel(name: string, options: KernelOptions): Promise<Harness> {
  const { progress, signal } = options;
  const parsed = parseKernelName(name);
  if (process.arch !== "x64") throw new RuntimeUnavailable(`${name}: kernels are run on x86-64 machines only`);
  const kernel = await findKernelImage(parsed, progress);
  await ensureDependencies([QEMU], progress);
  const { initramfs } = await buildAgent(progress);

  let reason = "";
  for (const accelerator of accelerators()) {
    signal?.throwIfAborted();
    progress(`booting ${kernel} (${accelerator})`);
    const caseMs = options.caseLimitMs ?? DEFAULT_CASE_LIMIT_MS;
    const limits: GuestLimits = { bootMs: BOOT_LIMIT_MS[accelerator], caseMs };
    const machine = { kernel, initramfs, accelerator };
    const guest = await Guest.boot(machine, limits);
    if (guest instanceof Guest) {
      const clock = CLOCKS[accelerator];
      return new KernelHarness({ name, machine, clock, limits, ...(signal === undefined ? {} : { signal }) }, guest);
    }
    reason = guest.reason;
  }
  throw new RuntimeUnavailable(`${name} does not boot (${reason}): try another kernel`);
}
