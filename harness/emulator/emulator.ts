/** Executes compiled scenarios, one after another, each in a machine of its own. */

import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { type LogRecord, type StepResult, TRACE_FORMAT, TRACE_VERSION, type Trace } from "../../scenario/trace.ts";
import type { Clock, Harness, Outcome } from "../harness.ts";
import { CPU_COUNT, processorsFor } from "./cpus.ts";
import type { Fault } from "./faults/fault.ts";
import { MIN_DELTA_NS } from "./hrtimers.ts";
import { InstructionBudgetExhausted } from "./interpreter.ts";
import { Kernel } from "./kernel.ts";
import { LogReader } from "./log-reader.ts";
import { Memory, MemoryFault } from "./memory.ts";
import type { Profile } from "./profiles.ts";
import { type Effect, UserSpace } from "./user-space.ts";
import { TIMER_RULES, type TimerRules } from "./verifier/timer-rules.ts";

/** What a system call takes, so that what two steps do never happens at the same time. */
const STEP_NS = 1000;

/** Timers fire exactly at their expiry, except those that a callback arms for at once: they wait for an interrupt. */
const CLOCK: Clock = { kind: "virtual", latenessNs: MIN_DELTA_NS };

/** The result of a step, with what it has of those that only some steps have. */
function stepResult({ result, returnValue, value, message }: Effect, timeNs: number, records: LogRecord[]): StepResult {
  const given: StepResult = { result, timeNs, records };
  if (returnValue !== undefined) given.returnValue = returnValue;
  if (value !== undefined) given.value = value;
  if (message !== undefined) given.message = message;
  return given;
}

export interface EmulatorOptions {
  readonly name: string;
  /** The kernel version it behaves like, `6.12`. */
  readonly version: string;
  readonly profile: Profile;
  /** What it does wrong. */
  readonly fault: Fault | undefined;
}

export class Emulator implements Harness {
  readonly name: string;
  readonly version: string;
  readonly linux: Profile["linux"];
  readonly clock = CLOCK;
  readonly processors = CPU_COUNT;
  readonly #profile: Profile;
  readonly #rules: TimerRules;
  readonly #fault: Fault | undefined;
  readonly #memory = new Memory();

  constructor({ name, version, profile, fault }: EmulatorOptions) {
    this.name = name;
    this.version = version;
    this.linux = profile.linux;
    this.#profile = { ...profile, ...fault?.profile?.(profile) };
    this.#rules = { ...TIMER_RULES, ...fault?.rules };
    this.#fault = fault;
  }

  async run(scenarios: readonly CompiledScenario[]): Promise<Outcome[]> {
    return scenarios.map((scenario) => this.execute(scenario));
  }

  async close(): Promise<void> {
    // Nothing outlives a scenario.
  }

  /** Executes one scenario: its trace, or why there is none. */
  execute(scenario: CompiledScenario): Outcome {
    try {
      return { kind: "trace", trace: this.#trace(scenario) };
    } catch (error) {
      if (error instanceof InstructionBudgetExhausted || error instanceof MemoryFault || error instanceof RangeError)
        return { kind: "error", reason: error.message };
      throw error;
    }
  }

  #trace(scenario: CompiledScenario): Trace {
    const processors = processorsFor(scenario);
    const kernel = new Kernel({ memory: this.#memory, profile: this.#profile, rules: this.#rules, processors });
    const user = new UserSpace(kernel, scenario);
    const log = new LogReader(this.#memory, user.log);
    this.#fault?.install?.({ kernel, user, log });
    log.writeParameters(scenario.parameters);
    const steps = scenario.steps.map((step): StepResult => {
      if (step.kind === "parallel" || step.kind === "attach")
        throw new RangeError(`the emulator executes no step of the kind ${step.kind}`);
      kernel.hrtimers.advance(kernel.hrtimers.nowNs + STEP_NS);
      return stepResult(user.execute(step), kernel.hrtimers.nowNs, log.next());
    });
    const trace: Trace = {
      format: TRACE_FORMAT,
      version: TRACE_VERSION,
      steps,
      droppedRecords: log.dropped(),
      complaints: [],
    };
    return this.#fault?.observed?.(trace) ?? trace;
  }
}
