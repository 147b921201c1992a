import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { qemuArguments } from "../../../harness/kernel/qemu.ts";
import { packageRoot } from "../../../harness/package-root.ts";

const MACHINE = { kernel: "vmlinuz", initramfs: "init.gz", accelerator: "tcg-icount" } as const;

describe("the arguments of QEMU", () => {
  const line = qemuArguments(MACHINE).join(" ");

  it("give the guest no network, no display and no device but the ones named", () => {
    for (const part of ["-nodefaults", "-no-user-config", "-nic none", "-display none"]) expect(line).toContain(part);
  });

  it("shut QEMU in", () => {
    expect(line).toMatch(/-sandbox on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny/);
  });

  it("count instructions where there is no KVM", () => {
    expect(line).toContain("-icount shift=0,sleep=off");
    for (const accelerator of ["kvm", "tcg"] as const)
      expect(qemuArguments({ ...MACHINE, accelerator }).join(" ")).not.toContain("icount");
  });

  it("give a pair of processors to a guest that asks, whose slices a timer ends that it does not see", () => {
    expect(line).toContain("-smp 1");
    expect(line).not.toMatch(/maxcpus|filter-buffer/);
    const pair = qemuArguments({ ...MACHINE, processors: 2 }).join(" ");
    for (const part of ["-smp 2", "maxcpus=1", "filter-buffer"]) expect(pair).toContain(part);
    expect(qemuArguments({ ...MACHINE, accelerator: "kvm", processors: 2 }).join(" ")).not.toContain("filter-buffer");
  });

  it("have what the user adds behind ours, each text as it is", () => {
    const added = qemuArguments({ ...MACHINE, append: ["a=1 b", "c"], qemuArg: ["-m", "512, x"] });
    expect(added.slice(-2)).toEqual(["-m", "512, x"]);
    expect(added[added.indexOf("-append") + 1]).toMatch(/ a=1 b c$/);
  });
});

it("the agent's sources are found from the package's root", () => {
  expect(existsSync(join(packageRoot(), "harness", "kernel", "agent", "main.c"))).toBe(true);
});
