/** Whether hardware virtualization works here: a device that opens says little, so a failed boot is remembered. */
import { accessSync, constants, existsSync, readFileSync } from "node:fs";
import { cachePath, fillCacheEntry } from "./cache.ts";

/** Changes with every start of this machine; what was true of KVM before need not be true any more. */
const BOOT_ID = "/proc/sys/kernel/random/boot_id";

function entry(): string {
  const id = existsSync(BOOT_ID) ? readFileSync(BOOT_ID, "utf8").trim() : "unknown";
  return cachePath("kvm-unusable", id);
}

/** Whether booting under KVM is worth a try: its device may be used, and no boot has failed since the machine's own. */
export function mayUseKvm(): boolean {
  try {
    accessSync("/dev/kvm", constants.R_OK | constants.W_OK);
  } catch {
    return false; /* accessSync has no other way to say no */
  }
  return !existsSync(entry());
}

/** Remembers that a guest did not boot under KVM. */
export async function rememberKvmFailure(): Promise<void> {
  await fillCacheEntry(entry(), async () => {});
}
