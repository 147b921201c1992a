/** How long QEMU alone takes to a first program of a kernel: what no harness around it can be faster than. */
import type { Accelerator } from "../harness/kernel/qemu.ts";
import { runBareGuest } from "./bare-guest.ts";

/** Boots the kernel with our machine's arguments, but without our devices; milliseconds to its init. */
export async function bareBootMs(kernel: string, accelerator: Accelerator): Promise<number> {
  let reachedMs = Number.NaN;
  const line = (text: string, ms: number): void => {
    if (text.includes("REACHED")) reachedMs = ms;
  };
  await runBareGuest({ kernel, accelerator, source: "bare-init.c", line });
  if (Number.isNaN(reachedMs)) throw new Error("QEMU ended before it had reached init");
  return reachedMs;
}
