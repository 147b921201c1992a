/**
 * What instrumented code and its runner share. Stryker puts three functions at the head of each file: code that has
 * mutants asks one of them whether a mutant is active, and tells another which it reaches. As they come, they take more
 * time than the code itself. Here they are replaced, before the files are loaded, by two that all files share.
 */
import { readFile, writeFile } from "node:fs/promises";
import { INSTRUMENTER_CONSTANTS } from "@stryker-mutator/api/core";

/** What instrumented code calls. */
export interface Instruments {
  /** Whether the mutant of this number is active. */
  isActive(mutant: number): boolean;
  /** The code of these mutants is reached. */
  cover(...mutants: readonly number[]): void;
}

const NAMESPACE = INSTRUMENTER_CONSTANTS.NAMESPACE;

/** Sets what the instrumented code calls that is loaded from here on, in this thread. */
export function setInstruments(instruments: Instruments): void {
  Object.assign(globalThis, { [NAMESPACE]: instruments });
}

/** From the first of the three functions to the end of the last. */
const HEAD = /function stryNS_(\w+)\(\) \{[\s\S]*?\nfunction stryMutAct_\1\(id\) \{[\s\S]*?\n\}\n/;

/** Code that Stryker instrumented and tsc compiled, with the shared functions, and with numbers for mutants. */
export function withSharedInstruments(code: string): string {
  const [head, suffix] = HEAD.exec(code) ?? [];
  if (head === undefined) throw new Error("this code is not instrumented as Stryker 9.6 does");
  const shared = `const { isActive: stryMutAct_${suffix}, cover: stryCov_${suffix} } = globalThis.${NAMESPACE};\n`;
  const calls = new RegExp(`(stryMutAct|stryCov)_${suffix}\\(("\\d+"(?:, "\\d+")*)\\)`, "g");
  return code.replace(head, () => shared).replace(calls, (call: string) => call.replaceAll('"', ""));
}

/** Makes instrumented files use the shared functions. */
export async function shareInstruments(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const code = await readFile(file, "utf8");
    if (code.includes("function stryNS_")) await writeFile(file, withSharedInstruments(code));
  }
}
