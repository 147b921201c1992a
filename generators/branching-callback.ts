/** Callbacks that return one number or another: those that return 0 either way, and those that may return something else. */
import fc from "fast-check";
import { branchingCallback, callback, init, lookup, program, scenario, setCallback } from "../scenario/build.ts";
import type { Callback, Scenario } from "../scenario/scenario.ts";
import { timerClock } from "./clock.ts";
import { timerElement } from "./map.ts";
import { runnableType } from "./program-type.ts";

/** What is no 0, near to it, far from it, and below it. */
const otherNumber = fc.constantFrom(1, 2, 1001, 0x7fff_ffff, -1);

/** Two programs alike but for the callback: `good` and `bad`. Nothing is run. */
const twins = (good: fc.Arbitrary<Callback>, bad: fc.Arbitrary<Callback>): fc.Arbitrary<Scenario> =>
  fc
    .record({ element: timerElement, type: runnableType, clock: timerClock, good, bad })
    .map(({ element: { map, key }, type, clock, good, bad }) => {
      const operations = [lookup(0, key), init(0, clock), setCallback(0)];
      return scenario([map], [program(operations, [good], type), program(operations, [bad], type)], []);
    });

/** The first program's callback returns 0 on both branches, the second's something else on the branch that is jumped to. */
export const branchingReturn: fc.Arbitrary<Scenario> = twins(
  fc.constant(branchingCallback(0)),
  otherNumber.map((number) => branchingCallback(number)),
);

/** The second's returns something else on the branch that is fallen into: no kernel loads it. */
export const branchingReturnStraight: fc.Arbitrary<Scenario> = twins(
  fc.constant(callback()),
  otherNumber.map((number) => ({ ...callback([], number), mayReturn: 0 })),
);
