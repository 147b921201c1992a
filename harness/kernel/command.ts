/** Running a program of this machine to its end, by its argument list. */
import { constants } from "node:fs";
import { access, realpath } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { $ } from "zx/core";

export interface CommandResult {
  ok: boolean;
  stdout: string;
  /** The line that most likely says why it failed. */
  complaint: string;
}

/** Runs a program without any output of its own reaching the terminal; a failure is a result, not an exception. */
export async function command(argv: readonly string[], options: { cwd?: string } = {}): Promise<CommandResult> {
  const env = { ...process.env, LC_ALL: "C", DEBIAN_FRONTEND: "noninteractive" };
  const shell = $({ quiet: true, nothrow: true, stdio: ["ignore", "pipe", "pipe"], env, ...options });
  const output = await shell`${[...argv]}`;
  const lines = `${output.stdout}\n${output.stderr}`.split("\n").filter((line) => line.trim() !== "");
  const complaint = lines.find((line) => /^(E:|.*\berror:)/.test(line)) ?? lines.at(-1) ?? `exit ${output.exitCode}`;
  return { ok: output.exitCode === 0, stdout: output.stdout, complaint: complaint.trim() };
}

/** The file of the program of that name, or undefined where there is none that can be run. */
export async function findProgram(name: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? "").split(delimiter)) {
    const file = join(folder, name);
    const isProgram = await access(file, constants.X_OK).then(
      () => true,
      () => false /* access has no other way to say no */,
    );
    if (isProgram) return realpath(file);
  }
  return undefined;
}

/** Whether a program of that name can be run here. */
export async function hasProgram(name: string): Promise<boolean> {
  return (await findProgram(name)) !== undefined;
}
