/** What a user adds to the machine of a kernel reaches it, and a QEMU that does not take it says so. */
import { expect, it } from "vitest";
import { KernelDoesNotBoot, openKernel } from "../../harness/kernel/index.ts";

const open = (additions: { append?: string[]; qemuArg?: string[] }) =>
  openKernel("kernel", { progress: () => undefined, once: true, ...additions });

it("gives the text of --append to the kernel", async () => {
  const failure = await open({ append: ["rdinit=/nothing-here"] }).catch((error: unknown) => error);
  expect(failure).toBeInstanceOf(KernelDoesNotBoot);
  expect(String(failure)).toMatch(/Kernel panic/);
});

it("says in one line which arguments QEMU does not start with, and blames no kernel", async () => {
  const failure = await open({ qemuArg: ["-no-such-option"] }).catch((error: unknown) => error);
  expect(failure).not.toBeInstanceOf(KernelDoesNotBoot);
  expect(String(failure)).toMatch(/QEMU does not start with -no-such-option .*invalid option[^\n]*$/);
});
