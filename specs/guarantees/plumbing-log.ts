/** What nobody promises of timers, and every promise stands on: what is logged is all that was done, in its order. */
import { formatResult } from "../../bpf/errno.ts";
import { oneTimer, readyTimer, timerScenario } from "../../generators/timer.ts";
import { advance, callback, init, readPayload, run, start } from "../../scenario/build.ts";
import type { CallEvent, FiringEvent, HistoryEvent } from "../../scenario/history.ts";
import type { Operation, ProgramSpec } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { hasProgram } from "../checks/looking-back.ts";
import { PLAIN_PROGRAM_TYPES } from "../checks/plain-programs.ts";
import type { Reading } from "../checks/reading.ts";
import { type Check, type Guarantee, UNTOUCHED, type Violation } from "../guarantee.ts";

type Logged = CallEvent | FiringEvent;

/** The records of one entry of a program or of a callback. */
interface Execution {
  events: Logged[];
  /** What the function does, in order. */
  operations: readonly Operation[];
  isCallback: boolean;
}

const isLogged = (event: HistoryEvent): event is Logged => event.kind !== "step";

function operationsOf({ programs }: { programs: readonly ProgramSpec[] }, event: Logged): readonly Operation[] {
  const program = programs[event.program];
  const part = event.callback === null ? program : program?.callbacks[event.callback];
  return part?.operations ?? [];
}

function findExecutions({ events, scenario }: Reading): readonly Execution[] {
  const executions: Execution[] = [];
  const byNumber = new Map<number, Execution>();
  for (const event of events) {
    if (!isLogged(event)) continue;
    const known = byNumber.get(event.execution);
    if (known !== undefined) known.events.push(event);
    else {
      const operations = operationsOf(scenario, event);
      const execution = { events: [event], operations, isCallback: event.callback !== null };
      executions.push(execution);
      byNumber.set(event.execution, execution);
    }
  }
  return executions;
}

/** Operations that leave no record of their own. */
const UNLOGGED: ReadonlySet<Operation["kind"]> = new Set(["spin-lock", "spin-unlock", "irq-save", "irq-restore"]);

/** Operations that end a program where they find nothing. */
const LOOKUPS: ReadonlySet<Operation["kind"]> = new Set(["lookup", "lookup-inner"]);

/** A store into a timer gives nothing to log; a load does. */
const isLoggedOne = (operation: Operation): boolean =>
  !UNLOGGED.has(operation.kind) && !(operation.kind === "access-timer" && operation.access === "store");

const violationAt = (event: Logged, expected: string, observed: string, subject: string): Violation => ({
  at: event.at,
  expected,
  observed,
  subject,
  event,
});

/** A check that looks at each execution of a history. */
const eachExecution =
  (look: (execution: Execution, reading: Reading) => Violation | "kept" | undefined): Check =>
  (reading) => {
    let exercised = 0;
    const violations: Violation[] = [];
    for (const execution of reading.shared(findExecutions)) {
      const result = look(execution, reading);
      if (result === undefined) continue;
      exercised++;
      if (result !== "kept") violations.push(result);
    }
    return exercised === 0 ? UNTOUCHED : { exercised, violations };
  };

/** What the indexes of the calls have to be: all, up to a lookup that found nothing. */
function isWhole({ events, operations }: Execution): boolean {
  let next = 0;
  let hasMissed = false;
  const skipUnlogged = (): void => {
    while (next < operations.length && !isLoggedOne(operations[next] as Operation)) next++;
  };
  for (const event of events) {
    if (event.kind !== "call") continue;
    skipUnlogged();
    if (hasMissed || event.index !== next++) return false;
    if (!LOOKUPS.has(event.operation.kind)) continue;
    if (event.result !== 0 && event.result !== 1) return false;
    hasMissed = event.result === 0;
  }
  skipUnlogged();
  return hasMissed || next === operations.length;
}

const logsAll: Check = eachExecution((execution) => {
  const { events, operations, isCallback } = execution;
  const [first] = events;
  if (first === undefined) return undefined;
  const begins = !isCallback || first.kind === "firing";
  if (begins && isWhole(execution)) return "kept";
  const shown = events.map((event) => (event.kind === "firing" ? "entry" : String(event.index))).join(", ");
  return violationAt(first, `${operations.length} operations are logged in their order`, `${shown} were`, "order");
});

/** Each run that was done of a program that logs has an execution. */
const logsRuns: Check = (reading) => {
  const runs = reading.steps("run").filter(({ event }) => {
    const operations = reading.scenario.programs[event.step.program]?.operations ?? [];
    return event.outcome.result === 0 && operations.some(isLoggedOne);
  });
  if (runs.length === 0) return UNTOUCHED;
  const logged = new Set<number>();
  for (const event of reading.events) if (event.kind === "call" && event.callback === null) logged.add(event.at);
  const violations = runs
    .filter(({ event }) => !logged.has(event.at))
    .map(
      ({ event }): Violation => ({
        at: event.at,
        expected: "the run logs what the program does",
        observed: "nothing was logged",
        subject: "run",
        event,
      }),
    );
  return { exercised: runs.length, violations };
};

/** A record's time lies within its step, and behind the record before it of the same execution. */
const inTime: Check = eachExecution(({ events }, { trace }) => {
  let lastNs = 0;
  for (const event of events) {
    const [fromNs, toNs] = [trace.steps[event.at - 1]?.timeNs ?? 0, trace.steps[event.at]?.timeNs ?? 0];
    const earliestNs = Math.max(lastNs, fromNs);
    if (event.timeNs < earliestNs || event.timeNs > toNs)
      return violationAt(
        event,
        `a record's time lies from ${earliestNs} to ${toNs} ns`,
        `it is ${event.timeNs} ns`,
        "time",
      );
    lastNs = event.timeNs;
  }
  return "kept";
});

/** Callbacks do not interrupt each other: on one processor they are logged in the order of their times. */
const callbacksInTime = ({ firings }: Reading): Violation[] => {
  const lastNs = new Map<number, number>();
  return firings.flatMap(({ event }) => {
    const beforeNs = lastNs.get(event.cpu) ?? 0;
    lastNs.set(event.cpu, event.timeNs);
    if (event.timeNs >= beforeNs) return [];
    return [violationAt(event, `a callback is entered after ${beforeNs} ns`, `it was at ${event.timeNs} ns`, "time")];
  });
};

const timesInOrder: Check = (reading, clock) => {
  const { exercised, violations } = inTime(reading, clock);
  return { exercised, violations: [...violations, ...callbacksInTime(reading)] };
};

const onOneCpu: Check = eachExecution(({ events, isCallback }) => {
  const [first, ...others] = events;
  // The records of a callback on another processor would be those of another entry.
  if (first === undefined || others.length === 0 || isCallback) return undefined;
  const stray = others.find(({ cpu }) => cpu !== first.cpu);
  if (stray === undefined) return "kept";
  return violationAt(stray, `what began on CPU ${first.cpu} goes on there`, `it was on CPU ${stray.cpu}`, "cpu");
});

/** A run that names a processor is done, and is on it. */
const onItsCpu: Check = (reading) => {
  const runs = reading
    .steps("run")
    .filter(({ event }) => event.step.cpu !== undefined && hasProgram(reading, event.step.program, event))
    .filter(({ event }) => PLAIN_PROGRAM_TYPES.has(reading.scenario.programs[event.step.program]?.type ?? "ext"));
  if (runs.length === 0) return UNTOUCHED;
  const refused = runs.filter(({ event }) => event.outcome.result !== 0);
  const cpuOf = new Map(runs.map(({ event }) => [event.at, event.step.cpu]));
  const strays = reading.events.filter(
    (event): event is CallEvent =>
      event.kind === "call" && event.callback === null && cpuOf.has(event.at) && event.cpu !== cpuOf.get(event.at),
  );
  return {
    exercised: runs.length,
    violations: [
      ...refused.map(({ event }): Violation => {
        const observed = formatResult(event.outcome.result);
        const expected = `the program runs on CPU ${event.step.cpu}`;
        return { at: event.at, expected, observed: `the run gave ${observed}`, subject: observed, event };
      }),
      ...strays.map((event) =>
        violationAt(event, `the program runs on CPU ${cpuOf.get(event.at)}`, `it ran on CPU ${event.cpu}`, "cpu"),
      ),
    ],
  };
};

/** A kernel does not complain. */
const healthy: Check = ({ trace }) => ({
  exercised: Number(trace.steps.length > 0),
  violations: trace.complaints.map((complaint) => ({
    at: trace.steps.length - 1,
    expected: "no complaint of the kernel",
    observed: complaint,
    subject: "complaint",
  })),
});

const busy = oneTimer()
  .filter(({ map }) => map.value.fields.some(({ kind }) => kind === "u64"))
  .map((timer) => {
    const later = callback([readPayload("self"), init(0, timer.clock, "self")]);
    return timerScenario(
      timer,
      [readyTimer(timer, [readPayload(), start(timer.delay)], [later])],
      [run(), advance(timer.delay + GRID_NS)],
    );
  });

const LOG = [{ document: "linux/kernel/bpf/helpers.c", place: "bpf_ktime_get_ns, bpf_get_smp_processor_id" }] as const;

export default [
  {
    id: "plumbing.log",
    clauses: [
      {
        name: "whole",
        words:
          "A program and a callback do what they are made of, each operation once and in order, up to a lookup that finds nothing.",
        check: logsAll,
        faults: ["records-out-of-order"],
      },
      {
        name: "runs",
        words: "Each test run that is done executes its program.",
        check: logsRuns,
        faults: ["run-executes-nothing"],
      },
      {
        name: "time",
        words:
          "What a program logs is logged during its step, and the clock does not go back meanwhile, nor from one callback to the next on one processor.",
        check: timesInOrder,
        faults: ["clock-goes-back"],
      },
    ],
    citations: LOG,
    since: "5.15",
    undocumented: true,
    scenarios: busy,
  },
  {
    id: "plumbing.processors",
    clauses: [
      {
        name: "stays",
        words: "A program ends on the processor on which it began.",
        check: onOneCpu,
        faults: ["migrates-mid-program"],
      },
      {
        name: "named",
        words: "A test run that names a processor is done, and is on it.",
        check: onItsCpu,
        faults: ["programs-report-wrong-cpu"],
      },
    ],
    citations: LOG,
    since: "5.15",
    undocumented: true,
    processors: 2,
    scenarios: oneTimer().map((timer) =>
      timerScenario(
        timer,
        [readyTimer(timer, [start(timer.delay)], [callback([init(0, timer.clock, "self")])])],
        [{ kind: "run", program: 0, cpu: 1 }, run(), advance(timer.delay + GRID_NS)],
      ),
    ),
  },
  {
    id: "plumbing.health",
    clauses: [
      {
        name: "silent",
        words: "The kernel complains of nothing.",
        check: healthy,
        faults: ["complains"],
      },
    ],
    citations: [{ document: "linux/kernel/panic.c", place: "__warn" }],
    since: "5.15",
    undocumented: true,
    scenarios: busy,
  },
] satisfies Guarantee[];
