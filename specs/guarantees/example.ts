/** The example program that the documentation prints, as it stands there. */

import { isDeepStrictEqual } from "node:util";
import { ERRNO, formatResult } from "../../bpf/errno.ts";
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
import type { CallEvent, HistoryEvent } from "../../scenario/history.ts";
import type { OperationKind } from "../../scenario/scenario.ts";
import { GRID_NS } from "../../scenario/time.ts";
import { wrongResult } from "../checks/calls.ts";
import { isCapable } from "../checks/capability.ts";
import type { Reading } from "../checks/reading.ts";
import { type Check, type Guarantee, type Judgement, UNTOUCHED, type Violation } from "../guarantee.ts";

const EXAMPLE = program(
  [updateElement(0, 0), lookup(0, 0), init(0, CLOCK.MONOTONIC), setCallback(0), start(0), cancel()],
  [callback()],
  "cgroup-skb",
);

/** What each call but the last returns, in every run: the update frees the timer of the run before, so that init finds none. */
const RETURNS: Partial<Record<OperationKind, number>> = {
  update: 0,
  lookup: 1,
  "timer-init": 0,
  "timer-set-callback": 0,
  "timer-start": 0,
};

/** A check of a scenario that holds the example as it is printed: what is left of it after a change promises nothing. */
const ofExample =
  (check: (reading: Reading) => Judgement): Check =>
  (reading) => {
    const { maps, programs } = reading.scenario;
    if (programs[0]?.type !== EXAMPLE.type || programs.length > 1) return UNTOUCHED;
    return isDeepStrictEqual(maps, [SIMPLE_MAP]) && isDeepStrictEqual(programs, [EXAMPLE]) ? check(reading) : UNTOUCHED;
  };

const loads = ofExample((reading) => {
  const steps = reading.steps("load-program").filter(({ event }) => event.outcome.result !== -ERRNO.EBADF);
  const refused = steps.filter(({ event }) => event.outcome.result !== 0 && isCapable(reading, event));
  return {
    exercised: steps.length,
    violations: refused.map(({ event }) => ({
      at: event.at,
      expected: "the program loads",
      observed: formatResult(event.outcome.result),
      subject: "load",
      event,
    })),
  };
});

const callsOf = ({ events }: Reading): CallEvent[] => events.filter((event) => event.kind === "call");

/** A call that ends the program, as it is printed, comes last: each before it has to succeed. */
const succeeds = ofExample((reading) => {
  const calls = callsOf(reading).filter(({ operation }) => RETURNS[operation.kind] !== undefined);
  const violations = calls.flatMap((event): Violation[] => {
    const expected = RETURNS[event.operation.kind] as number;
    return event.result === expected ? [] : [wrongResult(event, formatResult(expected))];
  });
  return { exercised: calls.length, violations };
});

/** The runs in which the timer was started, from its start on. */
function runsOf({ events }: Reading): HistoryEvent[][] {
  const runs: HistoryEvent[][] = [];
  for (const event of events) {
    if (event.kind === "call" && event.operation.kind === "timer-start" && event.result === 0) runs.push([event]);
    else runs.at(-1)?.push(event);
  }
  return runs;
}

/**
 * The timer is started with 0 ns. Nothing promises that it waits for the next line, so there are two outcomes: it is
 * still pending when it is cancelled, which then returns 1; or it has fired, and cancel returns 0.
 */
const cancels = ofExample((reading) => {
  const cancelled = runsOf(reading).flatMap((run) => {
    const at = run.findIndex((event) => event.kind === "call" && event.operation.kind === "timer-cancel");
    const event = run[at];
    return event?.kind === "call" ? [{ event, hasFired: run.slice(0, at).some(({ kind }) => kind === "firing") }] : [];
  });
  return {
    exercised: cancelled.length,
    violations: cancelled
      .filter(({ event, hasFired }) => event.result !== Number(!hasFired))
      .map(({ event, hasFired }) => wrongResult(event, formatResult(Number(!hasFired)))),
  };
});

/** Once it is cancelled it does not fire, and before that once at the most. */
const staysQuiet = ofExample((reading) => {
  const runs = runsOf(reading);
  const violations = runs.flatMap((run): Violation[] => {
    const cancelled = run.findIndex((event) => event.kind === "call" && event.operation.kind === "timer-cancel");
    const firings = run.filter((event) => event.kind === "firing");
    const wrong = firings.find((event, index) => index > 0 || (cancelled >= 0 && run.indexOf(event) > cancelled));
    if (wrong === undefined) return [];
    const expected = "the callback runs once at the most, and not after the timer was cancelled";
    return [{ at: wrong.at, expected, observed: "it ran", subject: "firing", event: wrong }];
  });
  return { exercised: runs.length, violations };
});

export default [
  {
    id: "example.set-callback",
    citations: [{ document: "ebpf-docs/bpf_timer_set_callback", place: "Example" }],
    since: "5.15",
    scenarios: [2, 3, 4].map((runs) =>
      scenario([SIMPLE_MAP], [EXAMPLE], Array.from({ length: runs }, () => [run(), advance(GRID_NS)]).flat()),
    ),
    clauses: [
      {
        name: "loads",
        words: "The documentation's example program loads as a cgroup_skb program.",
        check: loads,
        faults: ["verifier-refuses-cgroup-skb"],
      },
      {
        name: "succeeds",
        words: "In every run each helper call before the last succeeds.",
        check: succeeds,
        faults: ["program-update-keeps-timer"],
      },
      {
        name: "cancels",
        words:
          "The timer it starts is either active when it is cancelled, and bpf_timer_cancel returns 1, or its callback has run by then, and it returns 0.",
        check: cancels,
        faults: ["cancel-returns-zero"],
      },
      {
        name: "stays-quiet",
        words: "Its callback runs no more once the timer was cancelled.",
        check: staysQuiet,
        faults: ["cancel-does-not-cancel"],
      },
    ],
  },
] satisfies Guarantee[];
