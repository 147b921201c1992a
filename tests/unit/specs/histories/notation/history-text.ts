/**
 * Histories written as text: a scenario and the trace of it together, as README.md of the folder above describes. The
 * trace is joined with the compiled scenario as every other is, so that what stands in a text is a possible trace.
 */
import { compile } from "../../../../../scenario/compile.ts";
import { type History, readHistory } from "../../../../../scenario/history.ts";
import { ENTRY_AUX } from "../../../../../scenario/log-map.ts";
import type { MapSpec, Operation, Scenario, Step } from "../../../../../scenario/scenario.ts";
import { type StepResult, TRACE_FORMAT, TRACE_VERSION, type Trace } from "../../../../../scenario/trace.ts";
import { valueBytes } from "../../../../../scenario/value-layout.ts";
import { Functions } from "./functions.ts";
import { failAt, HistoryTextError, type Line, readLines } from "./lines.ts";
import { readOperation, Slots } from "./operations.ts";
import { readStep } from "./steps.ts";
import { resultOf } from "./words.ts";

/** How long a line takes that does not say when it was, nanoseconds. */
const LINE_NS = 1_000;

/** A log record whose call site is not numbered yet. */
interface Logged {
  line: Line;
  program: number;
  callback: number | null;
  operation: number | "entry";
  value: number;
  aux: number;
  cpu: number;
  timeNs: number;
}

/** What runs where a line stands: a program or a callback, how far it has come, and where. */
interface Execution {
  program: number;
  callback: number | null;
  cpu: number;
  slots: Slots;
  operations: number;
}

/** A firing: `p0.cb1(m0[2])`; `?[2]` for a map that the program does not name, `, another value` for a value that is not the element's. */
const FIRING = /^p(\d+)\.cb(\d+)\((?:m(\d+)|\?)\[(\d+)\](, another value)?\)$/;

class HistoryWriter {
  readonly #maps: MapSpec[] = [];
  readonly #functions = new Functions();
  readonly #steps: { step: Step; outcome: StepResult; records: Logged[] }[] = [];
  #complaints: string[] = [];
  #droppedRecords = 0;
  #nowNs = 0;
  #records: Logged[] = [];

  read(line: Line): void {
    const dropped = /^dropped (\d+) records$/.exec(line.words)?.[1];
    if (line.words === "complaint") this.#complaints.push(line.message ?? "");
    else if (dropped !== undefined) this.#droppedRecords += Number(dropped);
    else this.#step(line);
  }

  #step(line: Line): void {
    const { step, map, programType } = readStep(line);
    this.#records = [];
    if (step.kind === "create-map" && map !== undefined) this.#maps[step.map] = map;
    const begunNs = this.#nowNs;
    if (step.kind === "load-program") this.#load(step.program, programType, line);
    else if (step.kind === "run") this.#run(step.program, line);
    else this.#firings(line.children);
    const endNs = Math.max(this.#nowNs, step.kind === "advance" ? begunNs + step.ns : 0) + LINE_NS;
    this.#nowNs = line.timeNs ?? endNs;
    this.#steps.push({ step, outcome: this.#outcome(step, line), records: this.#records });
  }

  /** The result of a step, 0 where none is written, and what else it gave. */
  #outcome(step: Step, line: Line): StepResult {
    const outcome: StepResult = { result: 0, timeNs: this.#nowNs, records: [] };
    if (line.message !== undefined) outcome.message = line.message;
    const [, plain, returned] = /^(\S+)(?: returns (-?\d+))?$/.exec(line.result ?? "0") ?? [];
    const result = plain === undefined ? undefined : resultOf(plain);
    if (result !== undefined) outcome.result = result;
    else if (step.kind === "lookup") outcome.value = this.#value(step.map, line);
    else throw failAt(line, `${line.result} is no result`);
    if (step.kind === "run" && outcome.result === 0) outcome.returnValue = Number(returned ?? 0);
    return outcome;
  }

  /** The bytes that user space reads: `payload 7` with zeros where timer and lock lie, `zeros`, or `bytes 0700…`. */
  #value(index: number, line: Line): string {
    const map = this.#maps[index];
    const [, payload, bytes] = /^(?:zeros|payload (\d+)|bytes ([0-9a-f ]+))$/.exec(line.result ?? "") ?? [];
    if (map === undefined || !/^(zeros|payload|bytes) ?/.test(line.result ?? ""))
      throw failAt(line, `${line.result} is no result of a lookup`);
    return bytes?.replaceAll(" ", "") ?? Buffer.from(valueBytes(map, Number(payload ?? 0), 0)).toString("hex");
  }

  /** The operations spelled out under a load: those of the program, and under `cb0` those of a callback. */
  #load(program: number, type: Parameters<Functions["setType"]>[1], line: Line): void {
    this.#functions.setType(program, type);
    const spell = (callback: number | null, lines: readonly Line[]): void => {
      const slots = new Slots();
      lines.forEach((each, at) => {
        if (each.result !== undefined) throw failAt(each, "nothing runs in a load: it has no result");
        this.#functions.see(each, program, callback, at, readOperation(each, slots));
      });
    };
    const named = (each: Line) => /^cb(\d+)(?: returns (-?\d+)(?: or (-?\d+))?)?$/.exec(each.words);
    for (const each of line.children) {
      const [, callback, returns = "0", mayReturn] = named(each) ?? [];
      if (callback === undefined) continue;
      this.#functions.setReturns(program, Number(callback), {
        returns: Number(returns),
        ...(mayReturn === undefined ? {} : { mayReturn: Number(mayReturn) }),
      });
      spell(Number(callback), each.children);
    }
    spell(
      null,
      line.children.filter((each) => named(each) === null),
    );
  }

  #run(program: number, line: Line): void {
    this.#functions.setType(program, undefined);
    this.#body({ program, callback: null, cpu: line.cpu ?? 0, slots: new Slots(), operations: 0 }, line.children);
  }

  #firings(lines: readonly Line[]): void {
    for (const line of lines)
      if (!this.#isFiring(line)) throw failAt(line, "only callbacks can run here, p0.cb0(m0[0])");
  }

  #isFiring(line: Line): boolean {
    const [, program, callback, map, key, foreign] = FIRING.exec(line.words) ?? [];
    if (program === undefined) return false;
    const execution = { program: Number(program), callback: Number(callback), cpu: line.cpu ?? 0 };
    const aux =
      (map === undefined ? ENTRY_AUX.mapUnknown : Number(map)) | (foreign === undefined ? ENTRY_AUX.ownElement : 0);
    this.#record(line, { ...execution, operation: "entry", value: Number(key) | 0, aux });
    this.#body({ ...execution, slots: new Slots(), operations: 0 }, line.children);
    return true;
  }

  #body(execution: Execution, lines: readonly Line[]): void {
    for (const line of lines) if (!this.#isFiring(line)) this.#call(execution, line);
  }

  #call(execution: Execution, line: Line): void {
    const operation = readOperation(line, execution.slots);
    const { program, callback, cpu } = execution;
    const at = execution.operations++;
    this.#functions.see(line, program, callback, at, operation);
    const value = loggedValue(operation, line);
    if (value !== undefined)
      this.#record(line, { program, callback, operation: at, value, aux: 0, cpu: line.cpu ?? cpu });
  }

  #record(line: Line, seen: Omit<Logged, "line" | "timeNs">): void {
    const timeNs = line.timeNs ?? this.#nowNs + LINE_NS;
    this.#nowNs = Math.max(this.#nowNs, timeNs);
    this.#records.push({ line, timeNs, ...seen });
  }

  history(): History {
    for (const index of this.#maps.keys())
      if (this.#maps[index] === undefined) throw new HistoryTextError(`m${index} is created nowhere`);
    const steps = this.#steps.map(({ step }) => step);
    const scenario: Scenario = { maps: this.#maps, programs: this.#functions.specs(), steps };
    const compiled = compile(scenario);
    const siteOf = ({ line, program, callback, operation }: Logged): number => {
      const found = compiled.sites.findIndex(
        (site) => site.program === program && site.callback === callback && site.operation === operation,
      );
      if (found < 0) throw failAt(line, "the compiled program logs nothing there");
      return found;
    };
    const trace: Trace = {
      format: TRACE_FORMAT,
      version: TRACE_VERSION,
      steps: this.#steps.map(({ outcome, records }) => ({
        ...outcome,
        records: records.map((record) => {
          const { cpu, timeNs, value, aux } = record;
          return { site: siteOf(record), cpu, timeNs, value, aux };
        }),
      })),
      droppedRecords: this.#droppedRecords,
      complaints: this.#complaints,
    };
    return readHistory(scenario, compiled, trace);
  }
}

const UNLOGGED: readonly Operation["kind"][] = ["spin-lock", "spin-unlock", "irq-save", "irq-restore"];

/** Whether an operation is not logged, and so has no result. */
const isUnlogged = (operation: Operation): boolean =>
  UNLOGGED.includes(operation.kind) || (operation.kind === "access-timer" && operation.access === "store");

/** What an operation logs: its result, or what it wrote; undefined where nothing is logged. */
function loggedValue(operation: Operation, line: Line): number | undefined {
  if (isUnlogged(operation)) return undefined;
  if (line.result === undefined && operation.kind === "write-payload") return operation.value;
  const value = resultOf(line.result ?? "");
  if (value === undefined) throw failAt(line, "it needs a result: `= 0`, `= -EINVAL`, `= found`");
  return value;
}

/**
 * Reads a history.
 * @throws {HistoryTextError} where a line of it cannot be understood
 * @throws {ScenarioError} where its scenario is none that can be compiled
 */
export function historyOf(text: string): History {
  const writer = new HistoryWriter();
  for (const line of readLines(text)) writer.read(line);
  return writer.history();
}
