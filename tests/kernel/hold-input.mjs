/** Runs a command, and passes standard input on to it from its first output on. */
import { spawn } from "node:child_process";

const [, , command, ...words] = process.argv;
const child = spawn(command, words, { stdio: ["pipe", "pipe", "inherit"] });
child.stdout.once("data", () => process.stdin.pipe(child.stdin));
child.stdout.pipe(process.stdout);
child.once("exit", (code) => process.exit(code ?? 1));
