/** A loaded program: its bytecode with addresses filled in, and the references on it and that it holds. */
import type { CompiledProgram } from "../../scenario/compiled-scenario.ts";
import type { Code } from "./code.ts";
import type { BpfMap } from "./maps/bpf-map.ts";

export interface LoadedProgram {
  readonly spec: CompiledProgram;
  readonly code: Code;
  /** Descriptors, pins, and timers whose callback is one of its functions. At 0 it is gone. */
  references: number;
  /** The maps it names; it holds a reference on each, but no user reference. */
  readonly maps: readonly BpfMap[];
}
