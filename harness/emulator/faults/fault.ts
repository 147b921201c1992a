/** What a deliberate defect of the emulator is: changes of a machine that is honest without them. */
import type { Trace } from "../../../scenario/trace.ts";
import type { Kernel } from "../kernel.ts";
import type { LogReader } from "../log-reader.ts";
import type { Profile } from "../profiles.ts";
import type { UserSpace } from "../user-space.ts";
import type { TimerRules } from "../verifier/timer-rules.ts";

/** The machine of one scenario, as it is before the first step. The log map is there already. */
export interface Machine {
  readonly kernel: Kernel;
  readonly user: UserSpace;
  readonly log: LogReader;
}

/** A deliberate defect: what of the machine is other than in a kernel. */
export interface Fault {
  /** What the emulator does wrong. */
  readonly summary: string;
  /** The newest kernel version that it is a defect of, where later ones do just this. */
  readonly version?: string;
  /** What it takes for the kernel version it behaves like. */
  readonly profile?: (profile: Profile) => Partial<Profile>;
  /** Rules of the verifier that it has in place of its own. */
  readonly rules?: Partial<TimerRules>;
  /** Wraps methods of the machine (`hooks.ts`). Called for each scenario: what is remembered, a closure remembers. */
  readonly install?: (machine: Machine) => void;
  /** What is observed in place of what happened. */
  readonly observed?: (trace: Trace) => Trace;
}

/** The faults of one subject, by name. */
export type Faults = Readonly<Record<string, Fault>>;
