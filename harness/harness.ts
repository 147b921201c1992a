/** The interface through which every runtime is reached. */
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import type { KernelRelease } from "../scenario/release.ts";
import type { Trace } from "../scenario/trace.ts";
import type { Features } from "./features.ts";

/** How a runtime's time behaves. A callback may be late by `latenessNs`; it may never be early. */
export interface Clock {
  kind: "virtual" | "real";
  latenessNs: number;
}

/** What it takes to see a complaint of the kernel once more. */
export interface Attribution {
  /** The scenarios that have to run before this one in the same guest, in this order: the fewest found. */
  after: readonly CompiledScenario[];
  /** Whether it was seen again; where it was not, `after` is empty. */
  repeats: boolean;
}

/**
 * What became of one scenario: its trace, or why there is none. `console` is what the guest printed, `complaint` what
 * the kernel complained of before it died; a plain hang has none.
 */
export type Outcome =
  | { kind: "trace"; trace: Trace; attribution?: Attribution }
  | { kind: "died"; reason: string; console: string; complaint?: string; attribution?: Attribution }
  | { kind: "error"; reason: string };

/** One runtime under test, started and ready. */
export interface Harness {
  /** The runtime as the user wrote it, `emulator:6.12+fault=NAME`. */
  readonly name: string;
  /** What it turned out to be, `6.12.117+deb12-cloud-amd64`. */
  readonly version: string;
  /** Its Linux version, for since and until; undefined where a process does not say. */
  readonly linux: KernelRelease | undefined;
  readonly clock: Clock;
  /** How many processors a case may name in its steps; what is said of processors can be judged where there are two. */
  readonly processors: number;
  /** What it has, where that is not everything. */
  readonly features?: Features | undefined;
  /** Why no guarantee can apply to it, in one line, where that is so: a kernel without BPF. */
  readonly lacks?: string | undefined;
  /** Executes scenarios, each from a clean state; as many outcomes as scenarios, in their order. Calls may overlap. */
  run(scenarios: readonly CompiledScenario[]): Promise<Outcome[]>;
  close(): Promise<void>;
}

/** The runtime cannot be had here; the message is one line that says what to do. */
export class RuntimeUnavailable extends Error {
  override readonly name = "RuntimeUnavailable";
}

/** The runtime's name is not understood; the message is one line that says what is. */
export class UnknownRuntime extends Error {
  override readonly name = "UnknownRuntime";
}
