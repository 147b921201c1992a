/** The shape that checks of loading have in common: which programs a kernel has to take, and which to refuse. */
import { ERRNO, formatResult } from "../../bpf/errno.ts";
import type { StepEvent } from "../../scenario/history.ts";
import type { ProgramSpec, Scenario } from "../../scenario/scenario.ts";
import { type Check, UNTOUCHED, type Violation } from "../guarantee.ts";
import type { Reading } from "./reading.ts";

/** Each program's first load step, by program. */
function firstLoads(reading: Reading): Map<number, StepEvent> {
  const loads = new Map<number, StepEvent>();
  for (const { event } of reading.steps("load-program"))
    if (!loads.has(event.step.program)) loads.set(event.step.program, event);
  return loads;
}

/**
 * A check of whether programs of a kind load. Each is compared with a control in the same scenario: program 0, alike
 * but for what is under test. Where the control is refused, a refusal proves nothing, and the case does not count;
 * nor where the process lacks the descriptor of a map that the program names.
 */
export function loads(
  expected: "accepted" | "refused",
  underTest: (program: ProgramSpec, scenario: Scenario) => boolean,
  subjectOf: (program: ProgramSpec) => string = ({ type }) => type,
): Check {
  return (reading) => {
    const { scenario } = reading;
    if (scenario.programs.length < 2) return UNTOUCHED;
    const results = firstLoads(reading);
    if (results.get(0)?.outcome.result !== 0) return UNTOUCHED;
    const violations: Violation[] = [];
    let exercised = 0;
    for (const [index, event] of results) {
      const program = scenario.programs[index];
      if (index === 0 || program === undefined || !underTest(program, scenario)) continue;
      const { result, message } = event.outcome;
      if (result === -ERRNO.EBADF) continue;
      exercised++;
      if ((result === 0) === (expected === "accepted")) continue;
      const observed = result === 0 ? "it loaded" : `the load failed with ${formatResult(result)}: ${message ?? ""}`;
      violations.push({
        at: event.at,
        expected: `program ${index} is ${expected} at load`,
        observed,
        subject: subjectOf(program),
        event,
      });
    }
    return { exercised, violations };
  };
}
