/** One timer and programs about it: the starting point of most directed cases. */
import fc from "fast-check";
import { advance, callback, init, lookup, program, run, scenario, setCallback, start } from "../scenario/build.ts";
import type { Callback, MapSpec, Operation, ProgramSpec, Scenario, Step } from "../scenario/scenario.ts";
import { GRID_NS } from "../scenario/time.ts";
import { timerClock } from "./clock.ts";
import { timerElement } from "./map.ts";
import { delayNs } from "./time.ts";

/** A timer of one element, the clock it is to use, and a delay, nanoseconds. */
export interface OneTimer {
  map: MapSpec;
  key: number;
  clock: number;
  delay: number;
}

export const oneTimer = (delay: fc.Arbitrary<number> = delayNs()): fc.Arbitrary<OneTimer> =>
  fc
    .record({ element: timerElement, clock: timerClock, delay })
    .map(({ element, ...rest }) => ({ ...element, ...rest }));

/** A program that looks the timer's element up and does `operations` with it. */
export const onTimer = (
  { key }: OneTimer,
  operations: Operation[],
  callbacks: Callback[] = [callback()],
): ProgramSpec => program([lookup(0, key), ...operations], callbacks);

/** A program that inits the timer, sets its callback 0, and does `operations`. */
export const readyTimer = (timer: OneTimer, operations: Operation[], callbacks?: Callback[]): ProgramSpec =>
  onTimer(timer, [init(0, timer.clock), setCallback(0), ...operations], callbacks);

/** A scenario over the timer's map: its programs, then its steps. */
export const timerScenario = ({ map }: OneTimer, programs: ProgramSpec[], steps: Step[]): Scenario =>
  scenario([map], programs, steps);

/** A program has armed the timer; then come `steps`. */
export const afterArming = (timer: OneTimer, steps: Step[], more: ProgramSpec[] = []): Scenario =>
  timerScenario(timer, [readyTimer(timer, [start(timer.delay)]), ...more], [run(), ...steps]);

/** Two timers of one map: the first one's callback does `operations` on the second, which is due later. */
export const onAnotherTimer = (operations: (later: number) => Operation[]): fc.Arbitrary<Scenario> =>
  fc.record({ timer: oneTimer(), later: delayNs() }).map(({ timer, later }) => {
    const map = { ...timer.map, maxEntries: 2 };
    const other: OneTimer = { ...timer, map, key: 1, delay: timer.delay + later };
    const first: OneTimer = { ...timer, map, key: 0 };
    const meddles = callback([lookup(0, 1), ...operations(other.delay)]);
    const programs = [readyTimer(other, [start(other.delay)]), readyTimer(first, [start(first.delay)], [meddles])];
    return timerScenario({ ...timer, map }, programs, [run(0), run(1), advance(other.delay + GRID_NS)]);
  });
