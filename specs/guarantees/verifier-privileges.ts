/** What the documents say of the privileges that timers take. */
import fc from "fast-check";
import { formatResult } from "../../bpf/errno.ts";
import { timerClock } from "../../generators/clock.ts";
import { timerElement } from "../../generators/map.ts";
import { runnableType } from "../../generators/program-type.ts";
import { delayNs } from "../../generators/time.ts";
import { callback, dropCapability, init, lookup, program, setCallback, start } from "../../scenario/build.ts";
import type { Reading } from "../checks/reading.ts";
import { type Guarantee, type Judgement, UNTOUCHED, type Violation } from "../guarantee.ts";

/** The load results of a history's programs that use timers, each with whether the process had CAP_BPF. */
function* timerLoads({ events, scenario }: Reading) {
  let capable = true;
  for (const event of events) {
    if (event.kind !== "step") continue;
    const { step, outcome, at } = event;
    if (step.kind === "drop-capability" && outcome.result === 0) capable = false;
    if (step.kind === "exit-process") capable = true;
    if (step.kind !== "load-program") continue;
    const program = scenario.programs[step.program];
    if (program?.operations.some(({ kind }) => kind.startsWith("timer-"))) yield { at, program, capable, outcome };
  }
}

/** A program that loads with CAP_BPF does not load without. */
function refusedWithout(reading: Reading): Judgement {
  if (reading.steps("drop-capability").length === 0) return UNTOUCHED;
  const results = [...timerLoads(reading)];
  const violations: Violation[] = [];
  const isSame = (one: unknown, other: unknown): boolean => JSON.stringify(one) === JSON.stringify(other);
  const tried = results.filter(
    ({ capable, program }) =>
      !capable &&
      results.some((other) => other.capable && other.outcome.result === 0 && isSame(other.program, program)),
  );
  for (const { at, outcome } of tried) {
    if (outcome.result < 0) continue;
    const expected = "a program that uses a timer does not load without CAP_BPF";
    violations.push({ at, expected, observed: `the load returned ${formatResult(outcome.result)}`, subject: "load" });
  }
  return { exercised: tried.length, violations };
}

export default [
  {
    id: "verifier.privileges",
    citations: [{ document: "ebpf-docs/timers", place: "note on CAP_BPF" }],
    since: "5.15",
    scenarios: fc
      .record({ element: timerElement, clock: timerClock, delay: delayNs(), type: runnableType })
      .map(({ element: { map, key }, clock, delay, type }) => {
        const spec = program([lookup(0, key), init(0, clock), setCallback(0), start(delay)], [callback()], type);
        return {
          maps: [map],
          programs: [spec, spec],
          steps: [
            { kind: "create-map", map: 0 },
            { kind: "load-program", program: 0 },
            dropCapability(),
            { kind: "load-program", program: 1 },
          ],
        };
      }),
    clauses: [
      {
        name: "keeps",
        words:
          "A process without CAP_BPF cannot load a program that uses timers: the program loads with the capability, and does not after the process gave it up.",
        check: refusedWithout,
        faults: ["load-ignores-capability"],
      },
    ],
  },
] satisfies Guarantee[];
