/** The programs and libraries the kernel harness needs, and how to get those that are missing. */
import { existsSync } from "node:fs";
import { RuntimeUnavailable } from "../harness.ts";
import { command, hasProgram } from "./command.ts";
import { QEMU_PROGRAM } from "./qemu.ts";

export interface Dependency {
  what: string;
  debianPackages: readonly string[];
  isPresent(): Promise<boolean>;
}

const compiles = (...flags: string[]) => command(["cc", ...flags, "-x", "c", "-fsyntax-only", "/dev/null"]);

export const QEMU: Dependency = {
  what: "QEMU",
  debianPackages: ["qemu-system-x86"],
  isPresent: () => hasProgram(QEMU_PROGRAM),
};

export const C_COMPILER: Dependency = {
  what: "a C compiler",
  debianPackages: ["gcc", "libc6-dev"],
  isPresent: async () => (await hasProgram("cc")) && (await compiles("-include", "linux/bpf.h")).ok,
};

export const JSON_LIBRARY: Dependency = {
  what: "the json-c library",
  debianPackages: ["libjson-c-dev"],
  isPresent: async () => (await hasProgram("cc")) && (await compiles("-include", "json-c/json.h")).ok,
};

const isRootOnDebian = async () =>
  process.getuid?.() === 0 && existsSync("/etc/debian_version") && (await hasProgram("apt-get"));

/**
 * Makes sure that all are present. As root on a Debian-family machine it says the command that installs what is
 * missing, and runs it.
 * @throws {RuntimeUnavailable} with the exact command to run, where it may not or did not work
 */
export async function ensureDependencies(
  dependencies: readonly Dependency[],
  progress: (line: string) => void,
): Promise<void> {
  const missing: Dependency[] = [];
  for (const dependency of dependencies) if (!(await dependency.isPresent())) missing.push(dependency);
  if (missing.length === 0) return;

  const what = `${missing.map((dependency) => dependency.what).join(", ")} missing`;
  const packages = missing.flatMap((dependency) => dependency.debianPackages);
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...packages];
  const line = `apt-get update && ${install.join(" ")}`;
  if (!(await isRootOnDebian())) throw new RuntimeUnavailable(`${what}: as root, run ${line}`);

  progress(`${what}: ${line}`);
  /* An update that fails for one of several sources may still have brought what is needed: the install decides. */
  await command(["apt-get", "update"]);
  const installed = await command(install);
  if (!installed.ok) throw new RuntimeUnavailable(`${what}, and it failed (${installed.complaint}): run ${line}`);
}
