/** A call of a timer helper, or of the kfunc, with interrupts off: on a timer without init, an inactive or an armed one. */
import fc from "fast-check";
import {
  advance,
  cancel,
  cancelAsync,
  init,
  interruptsOff,
  run,
  scenario,
  setCallback,
  start,
} from "../scenario/build.ts";
import type { Operation, Scenario } from "../scenario/scenario.ts";
import { GRID_NS } from "../scenario/time.ts";
import { delayNs } from "./time.ts";
import type { OneTimer } from "./timer.ts";
import { oneTimer, onTimer, readyTimer } from "./timer.ts";

const CELLS_MAX = 4;
const waiting = advance(2 * CELLS_MAX * GRID_NS);

/** What the call finds. */
export type Found = "no timer" | "inactive" | "armed";
const FOUND: readonly Found[] = ["no timer", "inactive", "armed"];

const before = (timer: OneTimer, found: Found): Operation[] => (found === "armed" ? [start(timer.delay)] : []);

/** A timer as `found` says; then `call` with interrupts off; then time passes, and it is cancelled with them on. */
export const withInterruptsOff = (
  call: fc.Arbitrary<Operation[]>,
  founds: readonly Found[] = FOUND,
): fc.Arbitrary<Scenario> =>
  fc
    .record({ timer: oneTimer(delayNs(CELLS_MAX)), call, found: fc.constantFrom(...founds) })
    .map(({ timer, call, found }) => {
      const preparing = readyTimer(timer, before(timer, found));
      // A program that names no callback has none.
      const calling = onTimer(
        timer,
        interruptsOff(call),
        call.some(({ kind }) => kind === "timer-set-callback") ? undefined : [],
      );
      const after = onTimer(timer, [cancel()], []);
      return scenario(
        [timer.map],
        [preparing, calling, after],
        [...(found === "no timer" ? [] : [run(0)]), run(1), waiting, run(2)],
      );
    });

/** Any call, or two of them in one region. */
export const anyWithInterruptsOff: fc.Arbitrary<Scenario> = withInterruptsOff(
  fc.array(
    fc.constantFrom<Operation>(cancel(), cancelAsync(), start(GRID_NS), start(3 * GRID_NS), init(0, 1), setCallback(0)),
    { minLength: 1, maxLength: 2 },
  ),
);
