/**
 * How late callbacks may come, measured on each kernel that has started, and not guessed: where guest time is real the
 * load of the host decides that, and where it is virtual the kernel itself does. One that checks its own memory and
 * locks takes hundreds of microseconds for what a process lets go of at its end, and timers wait for that.
 *
 * The rule: the worst of all firings of the rounds below, times MARGIN, but not less than a floor. The margin is there
 * because a run has some thousand more firings, after work that no round has. In virtual time ordinary kernels were
 * seen to be up to 9 µs late, and one with KASAN and lockdep up to 530; with two processors some 250 more. In real time the
 * floor is some time slices of the host's scheduler, which a quiet moment does not show; on two busy processors the
 * worst of 256 was seen to be 0.4 to 6 ms, and 30 ms once in twenty times. Generated cases wait 20 ms longer than
 * their timers, so that a bound below that still tells that a firing is missing; where it is worse, cases that wait for
 * nothing to happen are not exercised.
 */
import {
  advance,
  callback,
  closeMap,
  closeProgram,
  exitProcess,
  init,
  lookup,
  pinMap,
  program,
  run,
  scenario,
  setCallback,
  start,
  timerMap,
  unpinMap,
  userDelete,
  userUpdate,
} from "../scenario/build.ts";
import { compile } from "../scenario/compile.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { readHistory } from "../scenario/history.ts";
import type { Operation, ProgramSpec, Scenario, Step } from "../scenario/scenario.ts";
import { RELEASE_NS } from "../scenario/time.ts";
import type { Trace } from "../scenario/trace.ts";
import type { Clock, Outcome } from "./harness.ts";

const MARGIN = 4;
const FLOOR_NS: Record<Clock["kind"], number> = { virtual: 50_000, real: 10_000_000 };

const US = 1_000;
/** How often each round is run on each processor. */
const REPEATS = 4;
/** Timers that are due while the program that starts them runs, or just after it; as many as a program may well start. */
const SOON_US = [0, 1, 20, 50];
/** Some that are alone and some at the same moment, when that program is done even on a kernel that is slow. */
const LATER_US = [1_000, 2_000, 2_000, 2_000, 5_000, 5_000, 5_000, 5_000, 5_000, 10_000];
/** For the last of them, and for what is late. */
const WAIT_NS = 30_000 * US;
const CLOCK_MONOTONIC = 1;

/** Maps, and the program of each: of two all timers fire, one the kernel has to let go of meanwhile, with its timers. */
const SOON = 0;
const LATER = 1;
const DOOMED = 2;

const arm = (map: number, key: number, delayNs: number): Operation[] => [
  lookup(map, key),
  init(map, CLOCK_MONOTONIC),
  setCallback(0),
  start(delayNs),
];
const starter = (map: number, delaysUs: readonly number[]): ProgramSpec =>
  program(
    delaysUs.flatMap((delayUs, key) => arm(map, key, delayUs * US)),
    [callback()],
  );

const KEYS = LATER_US.map((_, key) => key);
const MAPS = [timerMap(SOON_US.length), timerMap(LATER_US.length), timerMap(KEYS.length, "hash")];
const PROGRAMS = [
  starter(SOON, SOON_US),
  starter(LATER, LATER_US),
  starter(
    DOOMED,
    KEYS.map(() => RELEASE_NS / US),
  ),
];

/** What is done right before and right after the watched timers are started: what a kernel puts off, of each kind. */
interface Work {
  before?: readonly Step[];
  after?: readonly Step[];
}

const WORKS: readonly Work[] = [
  {},
  { after: [run(DOOMED), { kind: "load-program", program: DOOMED }, run(DOOMED)] },
  { after: KEYS.map((key) => userUpdate(key, 1, 0, DOOMED)) },
  { after: KEYS.map((key) => userDelete(key, DOOMED)) },
  { after: [closeProgram(DOOMED), closeMap(DOOMED), closeProgram(LATER)] },
  { before: [pinMap(DOOMED), closeMap(DOOMED)], after: [unpinMap(DOOMED)] },
  { before: [pinMap(SOON), pinMap(LATER)], after: [exitProcess()] },
];

const onProcessor = (step: Step, cpu: number): Step => (step.kind === "run" && cpu > 0 ? { ...step, cpu } : step);

function scenarioOf({ before = [], after = [] }: Work, cpu: number): Scenario {
  const steps = [run(DOOMED), ...before, run(LATER), run(SOON), ...after, advance(WAIT_NS)];
  return scenario(
    MAPS,
    PROGRAMS,
    steps.map((step) => onProcessor(step, cpu)),
  );
}

/** What is run to measure it on guests with so many processors: each work, with its programs run on each of them. */
export function latenessScenarios(processors: number): Scenario[] {
  const cpus = Array.from({ length: processors }, (_, cpu) => cpu);
  return WORKS.flatMap((work) => cpus.map((cpu) => scenarioOf(work, cpu)));
}

/** How late the callbacks of one round came, nanoseconds; one that never came is late by all the time there was. */
function latenessesNs(scenario: Scenario, compiled: CompiledScenario, trace: Trace): number[] {
  const { events } = readHistory(scenario, compiled, trace);
  const endNs = trace.steps.at(-1)?.timeNs ?? 0;
  return events.flatMap((event) => {
    if (event.kind !== "call" || event.operation.kind !== "timer-start" || event.result !== 0) return [];
    const { element } = event;
    if (element === null || element.map === DOOMED) return [];
    const firing = events.find(
      (other) => other.kind === "firing" && other.element.map === element.map && other.element.key === element.key,
    );
    const firedNs = firing?.kind === "firing" ? firing.timeNs : endNs;
    return [firedNs - event.timeNs - Number(event.operation.ns)];
  });
}

/** The worst lateness that is seen where these scenarios are executed some times, nanoseconds; 0 without timers. */
export async function worstLatenessNs(
  scenarios: readonly Scenario[],
  execute: (cases: readonly CompiledScenario[]) => Promise<readonly Outcome[]>,
): Promise<number> {
  const rounds = scenarios.map((each) => ({ scenario: each, compiled: compile(each) }));
  const repeated = Array<typeof rounds>(REPEATS).fill(rounds).flat();
  const outcomes = await execute(repeated.map(({ compiled }) => compiled));
  const seen = repeated.flatMap(({ scenario, compiled }, index) => {
    const outcome = outcomes[index];
    return outcome?.kind === "trace" ? latenessesNs(scenario, compiled, outcome.trace) : [];
  });
  return Math.max(0, ...seen);
}

/** How late a callback may come where that was the worst, nanoseconds. */
export function latenessBoundNs(kind: Clock["kind"], worstNs: number): number {
  return Math.max(FLOOR_NS[kind], MARGIN * worstNs);
}
