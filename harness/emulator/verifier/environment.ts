/** What all parts of one verification share (struct bpf_verifier_env). */
import type { CompiledProgram } from "../../../scenario/compiled-scenario.ts";
import type { Code } from "../code.ts";
import type { BpfMap } from "../maps/bpf-map.ts";
import type { Profile } from "../profiles.ts";
import type { Analysis } from "./analysis.ts";
import type { Subprogram } from "./subprograms.ts";
import type { TimerRules } from "./timer-rules.ts";
import type { VerifierState } from "./verifier-state.ts";

/** Licences that license_is_gpl_compatible accepts (include/linux/license.h). */
const GPL_COMPATIBLE: ReadonlySet<string> = new Set([
  "GPL",
  "GPL v2",
  "GPL and additional rights",
  "Dual BSD/GPL",
  "Dual MIT/GPL",
  "Dual MPL/GPL",
]);

export interface EnvironmentParts {
  readonly spec: CompiledProgram;
  readonly code: Code;
  readonly profile: Profile;
  readonly rules: TimerRules;
  /** How many processors the machine has. */
  readonly processors: number;
  /** The map each relocated instruction names, by slot. */
  readonly maps: ReadonlyMap<number, BpfMap>;
  readonly subprograms: readonly Subprogram[];
  readonly analysis: Analysis;
}

export class Environment {
  readonly spec: CompiledProgram;
  readonly code: Code;
  readonly profile: Profile;
  readonly rules: TimerRules;
  /** How many processors the machine has. */
  readonly processors: number;
  readonly maps: ReadonlyMap<number, BpfMap>;
  readonly subprograms: readonly Subprogram[];
  readonly analysis: Analysis;
  readonly isGpl: boolean;
  /** States still to be explored, the latest first. */
  readonly open: VerifierState[] = [];
  /** The deepest stack use of each function, in bytes. */
  readonly stackDepths: number[];
  /** Which global functions were called: newer kernels verify only those. */
  readonly calledGlobals = new Set<number>();
  /** Which functions are called by which, for the sum of their stacks. */
  readonly calls: Set<number>[];
  /** Why the program is refused once all of it has been looked at: it calls a kfunc that is not there. */
  missingKfunc: string | undefined;
  #ids = 0;

  constructor(parts: EnvironmentParts) {
    this.spec = parts.spec;
    this.code = parts.code;
    this.profile = parts.profile;
    this.rules = parts.rules;
    this.processors = parts.processors;
    this.maps = parts.maps;
    this.subprograms = parts.subprograms;
    this.analysis = parts.analysis;
    this.isGpl = GPL_COMPATIBLE.has(parts.spec.license);
    this.stackDepths = parts.subprograms.map(() => 0);
    this.calls = parts.subprograms.map(() => new Set());
  }

  /** A number that marks what came from one call. */
  nextId(): number {
    return ++this.#ids;
  }

  /** Queues a state to be explored (push_stack, push_async_cb). */
  explore(state: VerifierState): void {
    this.open.push(state);
  }

  /** The function that starts at a slot. */
  subprogramAt(start: number): Subprogram {
    const found = this.subprograms.find((subprogram) => subprogram.start === start);
    if (found === undefined) throw new RangeError(`no function starts at slot ${start}`);
    return found;
  }
}
