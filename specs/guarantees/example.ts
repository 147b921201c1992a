/** The example program that the documentation prints, as it stands there. */

import { formatResult } from "../../bpf/errno.ts";
import { CLOCK } from "../../bpf/uapi.ts";
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
} from "../../generators/build.ts";
import { SIMPLE_MAP } from "../../generators/map.ts";
import { GRID_NS } from "../../generators/time.ts";
import type { History } from "../../scenario/history.ts";
import type { OperationKind } from "../../scenario/scenario.ts";
import type { Guarantee, Judgement, Violation } from "../guarantee.ts";
import { wrongResult } from "../judge.ts";

const EXAMPLE = program(
  [updateElement(0, 0), lookup(0, 0), init(0, CLOCK.MONOTONIC), setCallback(0), start(0), cancel()],
  [callback()],
  "cgroup-skb",
);

/**
 * What each call returns, in every run: the update frees the timer of the run before, so that init finds none; the
 * timer is still pending when it is cancelled, so that cancel finds it active.
 */
const RETURNS: Partial<Record<OperationKind, number>> = {
  update: 0,
  lookup: 1,
  "timer-init": 0,
  "timer-set-callback": 0,
  "timer-start": 0,
  "timer-cancel": 1,
};

function check(history: History): Judgement {
  const violations: Violation[] = [];
  let exercised = 0;
  for (const event of history.events) {
    if (event.kind === "step" && event.step.kind === "load-program" && event.outcome.result !== 0)
      violations.push({
        at: event.at,
        expected: "the program loads",
        observed: formatResult(event.outcome.result),
        subject: "load",
      });
    if (event.kind === "firing")
      violations.push({
        at: event.at,
        expected: "the cancelled timer's callback does not run",
        observed: "it ran",
        subject: "firing",
      });
    if (event.kind !== "call") continue;
    const expected = RETURNS[event.operation.kind];
    if (expected === undefined) continue;
    exercised++;
    if (event.result !== expected) violations.push(wrongResult(event, formatResult(expected)));
  }
  return { exercised, violations };
}

export default [
  {
    id: "example.set-callback",
    statement:
      "The documentation's example program loads as a cgroup_skb program; in every run each helper call succeeds, the timer it starts is active when it cancels it, and its callback never runs.",
    citations: [{ document: "ebpf-docs/bpf_timer_set_callback", place: "Example" }],
    since: "5.15",
    scenarios: [1, 2, 3].map((runs) =>
      scenario([SIMPLE_MAP], [EXAMPLE], Array.from({ length: runs }, () => [run(), advance(GRID_NS)]).flat()),
    ),
    check,
    faults: ["cancel-does-not-cancel"],
  },
] satisfies Guarantee[];
