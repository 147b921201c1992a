/** A loaded program: its bytecode with addresses filled in, and the references on it and that it holds. */
import type { CompiledProgram } from "../../scenario/compiled-scenario.ts";
import type { Code } from "./code.ts";
import type { BpfMap } from "./maps/bpf-map.ts";

/** The kfuncs that a program calls, by the slot of the call: the relocations say, as the kernel's BTF ids would. */
export function kfuncsOf({ relocations }: CompiledProgram): Map<number, string> {
  const kfuncs = new Map<number, string>();
  for (const each of relocations) if (each.kind === "kfunc") kfuncs.set(each.instruction, each.name);
  return kfuncs;
}

export interface LoadedProgram {
  readonly spec: CompiledProgram;
  readonly code: Code;
  /** Descriptors, pins, and timers whose callback is one of its functions. At 0 it is gone. */
  references: number;
  readonly kfuncs: ReadonlyMap<number, string>;
  /** The maps it names; it holds a reference on each, but no user reference. */
  readonly maps: readonly BpfMap[];
}
