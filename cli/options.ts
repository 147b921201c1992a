/** The values of options, read and checked. */
import { InvalidArgumentError } from "commander";
import { isKernel } from "./run-exit-code.ts";
import { UsageError } from "./usage-error.ts";

const SEED_MAX = 0x7fff_ffff;
const CASES_MAX = 1_000_000;

function integer(text: string, min: number, max: number): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || value < min || value > max)
    throw new InvalidArgumentError(`Write a whole number from ${min} to ${max}.`);
  return value;
}

/** `--cases N`. */
export const casesOption = (text: string): number => integer(text, 1, CASES_MAX);

/** `--kernels LIST`: the runtimes it names, each once. */
export function kernelsOption(text: string): string[] {
  const names = text.split(",").map((name) => name.trim());
  if (names.includes(""))
    throw new InvalidArgumentError("Write series or images with commas between, such as 6.1,6.12.");
  return [...new Set(names.map((name) => `kernel:${name}`))];
}

/** `--seed S`: what fits a signed 32-bit number and is not negative. */
export const seedOption = (text: string): number => integer(text, 0, SEED_MAX);

/** A seed nobody has chosen. */
export const randomSeed = (): number => Math.floor(Math.random() * (SEED_MAX + 1));

/** `--append` and `--qemu-arg`. */
export interface MachineOptions {
  append: readonly string[];
  qemuArg: readonly string[];
}

/**
 * Makes sure that there is a kernel among the runtimes where something is added to the machines of kernels.
 * @throws {UsageError} where there is none
 */
export function checkMachineOptions({ append, qemuArg }: MachineOptions, runtimes: readonly string[]): void {
  if (append.length + qemuArg.length === 0 || runtimes.some(isKernel)) return;
  throw new UsageError(`--append and --qemu-arg are for kernels, and ${runtimes.join(", ")} is none: name one too`);
}

/** An option that may be given several times. */
export const collect = (value: string, earlier: readonly string[]): string[] => [...earlier, value];
