/** What can be said about bytecode before anything is known about its registers; worked out once per bytecode. */
import type { Code } from "../code.ts";
import { findLiveness, type Liveness } from "./liveness.ts";
import { findUnreachable, jumpTarget, type Subprogram } from "./subprograms.ts";

export interface Analysis {
  /** The first slot that no path reaches; -1 where there is none. */
  readonly unreachable: number;
  /** 1 for each slot where paths can join: the targets of jumps, and where functions start. */
  readonly joins: Uint8Array;
  readonly liveness: Liveness;
}

/** By the column of opcodes, which all copies of a code share: without and with precise returns. */
const analyses = [new WeakMap<Uint8Array, Analysis>(), new WeakMap<Uint8Array, Analysis>()] as const;

function findJoins(code: Code, subprograms: readonly Subprogram[]): Uint8Array {
  const joins = new Uint8Array(code.length);
  for (let slot = 0; slot < code.length; slot++) {
    const target = jumpTarget(code, slot);
    if (target >= 0 && target < code.length) joins[target] = 1;
  }
  for (const { start } of subprograms) joins[start] = 1;
  return joins;
}

/**
 * The analysis of code whose functions and jumps have been found in order; `returnIsPrecise` says whether the number
 * that a program or a callback returns matters.
 */
export function analyse(code: Code, subprograms: readonly Subprogram[], returnIsPrecise: boolean): Analysis {
  const remembered = analyses[returnIsPrecise ? 1 : 0];
  const known = remembered.get(code.opcode);
  if (known !== undefined) return known;
  const analysis = {
    unreachable: findUnreachable(code),
    joins: findJoins(code, subprograms),
    liveness: findLiveness(code, subprograms, returnIsPrecise),
  };
  remembered.set(code.opcode, analysis);
  return analysis;
}
