/**
 * A history: a trace joined with its scenario, as the ordered events a guarantee reads. The log records say which
 * call site wrote them; this says what was called, on which element, with what result.
 */
import type { CompiledScenario } from "./compiled-scenario.ts";
import { interruptsOffAt, lookupBefore } from "./elements.ts";
import { ENTRY_AUX } from "./log-map.ts";
import type { Element, Operation, ProgramSpec, Scenario, Step } from "./scenario.ts";
import { ScenarioError } from "./scenario-error.ts";
import type { LogRecord, StepResult, Trace } from "./trace.ts";

/** An element of a map, by the scenario's map number; `map` is null where the callback's map was none it knows. */
export interface ElementId {
  map: number | null;
  key: number;
}

/** A step that has ended. Its log records follow it. */
export interface StepEvent {
  kind: "step";
  at: number;
  step: Step;
  outcome: StepResult;
}

/** One logged operation of a program (callback null) or of one of its callbacks. */
export interface CallEvent {
  kind: "call";
  at: number;
  program: number;
  callback: number | null;
  /** Which entry of a callback, or which run of the program, this belongs to: equal for the calls of one execution. */
  execution: number;
  index: number;
  operation: Operation;
  /** The element the operation worked on, where it is one that works on an element. */
  element: ElementId | null;
  result: number;
  /** Whether interrupts were off. Its record was then written later, right after the restore. */
  interruptsOff: boolean;
  timeNs: number;
  cpu: number;
}

/** A callback was entered: with which program's callback, for which element, when and where. */
export interface FiringEvent {
  kind: "firing";
  at: number;
  program: number;
  callback: number;
  execution: number;
  element: ElementId;
  /** Whether looking the key up in the map it was handed gives the value it was handed. */
  ownElement: boolean;
  timeNs: number;
  cpu: number;
}

export type HistoryEvent = StepEvent | CallEvent | FiringEvent;

export interface History {
  scenario: Scenario;
  events: HistoryEvent[];
  trace: Trace;
}

/** Where a CPU's execution of one function stands. */
interface Execution {
  number: number;
  element: ElementId | null;
}

class HistoryReader {
  readonly #scenario: Scenario;
  readonly #compiled: CompiledScenario;
  readonly #current = new Map<string, Execution>();
  #executions = 0;

  constructor(scenario: Scenario, compiled: CompiledScenario) {
    this.#scenario = scenario;
    this.#compiled = compiled;
  }

  begin(program: number, callback: number | null, cpu: number | null, element: ElementId | null): Execution {
    const execution = { number: this.#executions++, element };
    this.#current.set(`${program}/${callback}/${callback === null ? "" : cpu}`, execution);
    return execution;
  }

  #execution(program: number, callback: number | null, cpu: number): Execution {
    const found = this.#current.get(`${program}/${callback}/${callback === null ? "" : cpu}`);
    return found ?? this.begin(program, callback, cpu, null);
  }

  #program(index: number): ProgramSpec {
    const program = this.#scenario.programs[index];
    if (program === undefined) throw new ScenarioError(`the trace names program ${index}, which the scenario lacks`);
    return program;
  }

  read(record: LogRecord, at: number): CallEvent | FiringEvent {
    const site = this.#compiled.sites[record.site];
    if (site === undefined)
      throw new ScenarioError(`the trace names call site ${record.site}, which the scenario lacks`);
    const { program, callback, operation: index } = site;
    const { timeNs, cpu } = record;
    if (index === "entry") {
      const mapIndex = record.aux & ENTRY_AUX.mapMask;
      // A record's value is signed, a key is not.
      const element = { map: mapIndex === ENTRY_AUX.mapUnknown ? null : mapIndex, key: record.value >>> 0 };
      const execution = this.begin(program, callback, cpu, element).number;
      const ownElement = (record.aux & ENTRY_AUX.ownElement) !== 0;
      return { kind: "firing", at, program, callback: callback ?? 0, execution, element, ownElement, timeNs, cpu };
    }
    const operations = callback === null ? this.#program(program).operations : this.#callbackOf(program, callback);
    const operation = operations[index];
    if (operation === undefined) throw new ScenarioError(`the trace names an operation that program ${program} lacks`);
    const execution = this.#execution(program, callback, cpu);
    return {
      kind: "call",
      at,
      program,
      callback,
      execution: execution.number,
      index,
      operation,
      element: elementOf(operations, index, execution),
      result: record.value,
      interruptsOff: interruptsOffAt(operations, index),
      timeNs,
      cpu,
    };
  }

  #callbackOf(program: number, callback: number): readonly Operation[] {
    return this.#program(program).callbacks[callback]?.operations ?? [];
  }
}

function elementOf(operations: readonly Operation[], index: number, execution: Execution): ElementId | null {
  const operation = operations[index];
  if (operation === undefined) return null;
  if ("element" in operation) return slotElement(operations, index, operation.element, execution);
  return "key" in operation ? lookedUp(operation) : null;
}

function slotElement(operations: readonly Operation[], index: number, element: Element, execution: Execution) {
  if (element === "self") return execution.element;
  const lookup = lookupBefore(operations, index, element);
  return lookup === undefined ? null : lookedUp(lookup);
}

/** An inner element's map cannot be named: it is whichever map the outer one holds at that moment. */
function lookedUp(operation: Extract<Operation, { key: number }>): ElementId {
  return operation.kind === "lookup-inner"
    ? { map: null, key: operation.innerKey }
    : { map: operation.map, key: operation.key };
}

/**
 * Joins a trace with its scenario.
 * @throws {ScenarioError} where the trace names a call site or has a step that the scenario lacks
 */
export function readHistory(scenario: Scenario, compiled: CompiledScenario, trace: Trace): History {
  const reader = new HistoryReader(scenario, compiled);
  const events: HistoryEvent[] = [];
  trace.steps.forEach((outcome, at) => {
    const step = scenario.steps[at];
    if (step === undefined) throw new ScenarioError(`the trace has step ${at}, which the scenario lacks`);
    events.push({ kind: "step", at, step, outcome });
    if (step.kind === "run") reader.begin(step.program, null, null, null);
    for (const record of outcome.records) events.push(reader.read(record, at));
  });
  return { scenario, events, trace };
}
