/** The names of kernel runtimes: `kernel`, `kernel:6.12`, `kernel:6.12-rt`, `kernel:./bzImage`. */
import { UnknownRuntime } from "../harness.ts";

export type KernelName = { kind: "any" } | { kind: "series"; series: string } | { kind: "file"; path: string };

/**
 * What a runtime's name means.
 * @throws {UnknownRuntime} where it is neither a series nor a path
 */
export function parseKernelName(name: string): KernelName {
  if (name === "kernel") return { kind: "any" };
  const rest = name.startsWith("kernel:") ? name.slice("kernel:".length) : "";
  if (/^\d+\.\d+(-rt)?$/.test(rest)) return { kind: "series", series: rest };
  if (rest.includes("/")) return { kind: "file", path: rest };
  throw new UnknownRuntime(`${name}: write kernel, kernel:6.12 or kernel:./path/to/bzImage`);
}
