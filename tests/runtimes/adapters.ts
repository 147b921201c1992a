/** What tests of runtimes in C share: compiling one, and talking to it. */
import { execFile, spawnSync } from "node:child_process";
import { promisify } from "node:util";

const FLAGS = ["-std=c11", "-Wall", "-Wextra", "-O2"];

/** Compiles a C file. Returns what the compiler complained of; a compiler that is missing or fails is an error. */
export async function compileC(source: string, output: string, ...more: readonly string[]): Promise<string> {
  return (await promisify(execFile)("cc", [...FLAGS, "-o", output, source, ...more])).stderr;
}

export const greeting = (protocol = 1): object => ({ protocol, name: "a test", version: "0" });

/** What an adapter makes of some lines, of which the first is the greeting. */
export function talk(adapter: string, ...lines: readonly (object | string)[]) {
  const input = lines.map((line) => `${typeof line === "string" ? line : JSON.stringify(line)}\n`).join("");
  const { status, stdout, stderr } = spawnSync(adapter, { input, encoding: "utf8" });
  const [hello, ...answers] = stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line): unknown => JSON.parse(line));
  return { status, stderr, hello, answers };
}
