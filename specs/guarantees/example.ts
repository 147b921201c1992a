/** The example program that the documentation prints, as it stands there. */

import { isDeepStrictEqual } from "node:util";
import { formatResult } from "../../bpf/errno.ts";
import { CLOCK } from "../../bpf/uapi.ts";
import { SIMPLE_MAP } from "../../generators/map.ts";
import {
  advance,
  callback,
  cancel,
  init,
  lookup,
  program,
  run,
  scenario,
  setCallback,
  start,
  updateElement,
} from "../../scenario/build.ts";
import type { OperationKind, Scenario } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { wrongResult } from "../checks/calls.ts";
import type { Reading } from "../checks/reading.ts";
import type { Guarantee, Judgement, Violation } from "../guarantee.ts";

const EXAMPLE = program(
  [updateElement(0, 0), lookup(0, 0), init(0, CLOCK.MONOTONIC), setCallback(0), start(0), cancel()],
  [callback()],
  "cgroup-skb",
);

/** What each call returns, in every run: the update frees the timer of the run before, so that init finds none. */
const RETURNS: Partial<Record<OperationKind, number>> = {
  update: 0,
  lookup: 1,
  "timer-init": 0,
  "timer-set-callback": 0,
  "timer-start": 0,
};

/** Whether a scenario still holds the example as it is printed: what is left of it after a change promises nothing. */
const isExample = ({ maps, programs }: Scenario): boolean =>
  isDeepStrictEqual(maps, [SIMPLE_MAP]) && isDeepStrictEqual(programs, [EXAMPLE]);

/**
 * The timer is started with 0 ns. Nothing promises that it waits for the next line, so there are two outcomes: it is
 * still pending when it is cancelled, which then returns 1, and never fires; or it has fired, and cancel returns 0.
 */
function check(reading: Reading): Judgement {
  if (!isExample(reading.scenario)) return { exercised: 0, violations: [] };
  const violations: Violation[] = [];
  let exercised = 0;
  let hasFired = false;
  for (const event of reading.events) {
    if (event.kind === "step" && event.step.kind === "load-program" && event.outcome.result !== 0)
      violations.push({
        at: event.at,
        expected: "the program loads",
        observed: formatResult(event.outcome.result),
        subject: "load",
      });
    if (event.kind === "step") hasFired = false;
    if (event.kind === "firing") hasFired = true;
    if (event.kind !== "call") continue;
    exercised++;
    const expected = event.operation.kind === "timer-cancel" ? Number(!hasFired) : RETURNS[event.operation.kind];
    if (expected !== undefined && event.result !== expected)
      violations.push(wrongResult(event, formatResult(expected)));
  }
  return { exercised, violations: [...violations, ...firingsAfterCancel(reading)] };
}

/** Firings after the run that ended in a cancel. */
function firingsAfterCancel({ events }: Reading): Violation[] {
  return events.flatMap((event, index) => {
    const cancelled = events.slice(0, index).findLast((before) => before.kind === "call");
    if (event.kind !== "firing" || cancelled?.operation.kind !== "timer-cancel") return [];
    const expected = "the cancelled timer's callback does not run";
    return [{ at: event.at, expected, observed: "it ran", subject: "firing" }];
  });
}

export default [
  {
    id: "example.set-callback",
    citations: [{ document: "ebpf-docs/bpf_timer_set_callback", place: "Example" }],
    since: "5.15",
    scenarios: [1, 2, 3].map((runs) =>
      scenario([SIMPLE_MAP], [EXAMPLE], Array.from({ length: runs }, () => [run(), advance(GRID_NS)]).flat()),
    ),
    clauses: [
      {
        name: "keeps",
        words:
          "The documentation's example program loads as a cgroup_skb program; in every run each helper call succeeds; the timer it starts is either still active when it is cancelled, and its callback never runs, or has run by then.",
        check,
        faults: ["cancel-does-not-cancel"],
      },
    ],
  },
] satisfies Guarantee[];
