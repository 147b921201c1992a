/** The shapes that checks of loading have in common: which programs a kernel has to take, and which to refuse. */
import { isDeepStrictEqual } from "node:util";
import { ERRNO, formatResult } from "../../bpf/errno.ts";
import type { StepEvent } from "../../scenario/history.ts";
import type { Operation, ProgramSpec, Scenario } from "../../scenario/scenario.ts";
import { type Check, UNTOUCHED, type Violation } from "../guarantee.ts";
import { isCapable } from "./capability.ts";
import type { Reading } from "./reading.ts";

/** Whether a rule is about a program. */
type UnderTest = (program: ProgramSpec, scenario: Scenario) => boolean;
/** Whether a program is the control of another: alike but for what is under test. */
type IsControl = (control: ProgramSpec, program: ProgramSpec, scenario: Scenario) => boolean;

/** In how many places two lists differ; Infinity where they are not equally long. */
function differences(some: readonly Operation[], others: readonly Operation[]): number {
  if (some.length !== others.length) return Number.POSITIVE_INFINITY;
  return some.filter((operation, at) => !isDeepStrictEqual(operation, others[at])).length;
}

/** What makes two programs twins: one operation is another, or two have changed places, or one callback returns another number. */
const DIFFERENCES_MAX = 2;

/** Whether two programs of one type are almost the same, in their callbacks too. */
export const isTwin: IsControl = (control, program) => {
  if (control.type !== program.type) return false;
  if (control.callbacks.length !== program.callbacks.length) return false;
  let count = differences(control.operations, program.operations);
  for (const [index, callback] of program.callbacks.entries()) {
    const other = control.callbacks[index] as typeof callback;
    count +=
      differences(other.operations, callback.operations) +
      (isDeepStrictEqual({ ...other, operations: [] }, { ...callback, operations: [] }) ? 0 : 1);
  }
  return count <= DIFFERENCES_MAX;
};

/** A load of a program that a rule is about. */
interface Load {
  event: StepEvent;
  program: ProgramSpec;
  index: number;
}

const findLoads = (reading: Reading): readonly Load[] =>
  reading.steps("load-program").flatMap(({ event }) => {
    const index = event.step.program;
    const program = reading.scenario.programs[index];
    return program === undefined ? [] : [{ event, program, index }];
  });

const NO_LOADS: readonly Load[] = [];

/** Most rules are about none of the programs that a case loads. */
function loadsUnderTest(reading: Reading, underTest: UnderTest): readonly Load[] {
  const { scenario } = reading;
  const loads = reading.shared(findLoads);
  for (const { program } of loads)
    if (underTest(program, scenario)) return loads.filter((load) => underTest(load.program, scenario));
  return NO_LOADS;
}

/** Whether the control of a program has loaded, and the process could load programs when it loaded this one. */
function isControlled(reading: Reading, { event, program }: Load, isControl: IsControl): boolean {
  const { scenario } = reading;
  const hasLoaded = reading.steps("load-program").some(({ event: { step, outcome } }) => {
    const control = scenario.programs[step.program];
    return (
      outcome.result === 0 && control !== undefined && control !== program && isControl(control, program, scenario)
    );
  });
  return hasLoaded && isCapable(reading, event);
}

const wrongLoad = ({ event, index, program }: Load, expected: string): Violation => {
  const { result, message } = event.outcome;
  return {
    at: event.at,
    expected: `program ${index} is ${expected} at load`,
    observed: result === 0 ? "it loaded" : `the load failed with ${formatResult(result)}: ${message ?? ""}`,
    subject: program.type,
    event,
  };
};

/** Whether the process lacked the descriptor of a map that the program names: nothing was looked at. */
const lacksMap = ({ event }: Load): boolean => event.outcome.result === -ERRNO.EBADF;

/**
 * A check that programs of a kind are refused. A refusal counts only where a control loads, alike but for what is under
 * test: otherwise it proves nothing.
 */
export const refuses =
  (underTest: UnderTest, isControl: IsControl = isTwin): Check =>
  (reading) => {
    const loads = loadsUnderTest(reading, underTest);
    if (loads.length === 0) return UNTOUCHED;
    const accepted = loads.filter(({ event }) => event.outcome.result === 0);
    const refused = loads.filter(
      (load) => load.event.outcome.result !== 0 && !lacksMap(load) && isControlled(reading, load, isControl),
    );
    return {
      exercised: accepted.length + refused.length,
      violations: accepted.map((load) => wrongLoad(load, "refused")),
    };
  };

/** A check that programs of a kind load where their control does. */
export const accepts =
  (underTest: UnderTest, isControl: IsControl): Check =>
  (reading) => {
    // A program and its control are two.
    if (reading.steps("load-program").length < 2) return UNTOUCHED;
    const tested = loadsUnderTest(reading, underTest);
    if (tested.length === 0) return UNTOUCHED;
    const loads = tested.filter((load) => !lacksMap(load) && isControlled(reading, load, isControl));
    if (loads.length === 0) return UNTOUCHED;
    const refused = loads.filter(({ event }) => event.outcome.result !== 0);
    return { exercised: loads.length, violations: refused.map((load) => wrongLoad(load, "accepted")) };
  };
