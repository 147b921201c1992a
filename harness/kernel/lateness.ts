/**
 * How late callbacks may come where guest time is real time. The load of the host decides that, so it is measured on
 * each kernel that has just started, and not guessed.
 *
 * The rule: the worst of 256 firings, times MARGIN, but not less than FLOOR_NS. The margin is there because a run has
 * some thousand more firings, on a host that may then have more to do. The floor is some time slices of the host's
 * scheduler, which a quiet moment does not show; on two busy processors the worst of 256 was seen to be 0.4 to 6 ms,
 * and 30 ms once in twenty times. Generated cases wait 20 ms longer than their timers, so that a bound below that still
 * tells that a firing is missing; on a host that is worse, cases that wait for nothing to happen are not exercised.
 */
import { compile } from "../../scenario/compile.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { readHistory } from "../../scenario/history.ts";
import type { Operation, Scenario } from "../../scenario/scenario.ts";
import type { Trace } from "../../scenario/trace.ts";
import type { Outcome } from "../harness.ts";

const MARGIN = 4;
const FLOOR_NS = 10_000_000;

const US = 1_000;
const ROUNDS = 16;
/** Timers of one round: some alone and some at the same moment, soon and later. */
const DELAYS_US = [0, 1, 20, 50, 100, 500, 1_000, 2_000, 2_000, 2_000, 5_000, 5_000, 5_000, 5_000, 5_000, 10_000];
/** For the last of them, and for what is late. */
const WAIT_US = 30_000;
const CLOCK_MONOTONIC = 1;

const startOf = (key: number, delayUs: number): Operation[] => [
  { kind: "lookup", map: 0, key, slot: 0 },
  { kind: "timer-init", element: 0, map: 0, flags: CLOCK_MONOTONIC },
  { kind: "timer-set-callback", element: 0, callback: 0 },
  { kind: "timer-start", element: 0, ns: delayUs * US, flags: 0 },
];

const ROUND: Scenario = {
  maps: [
    {
      type: "array",
      maxEntries: DELAYS_US.length,
      flags: 0,
      btf: true,
      value: { size: 16, fields: [{ kind: "timer", offset: 0 }] },
    },
  ],
  programs: [
    {
      type: "sched-cls",
      operations: DELAYS_US.flatMap((delayUs, key) => startOf(key, delayUs)),
      callbacks: [{ operations: [], returns: 0 }],
    },
  ],
  steps: [
    { kind: "create-map", map: 0 },
    { kind: "load-program", program: 0 },
    { kind: "run", program: 0 },
    { kind: "advance", ns: WAIT_US * US },
  ],
};

const COMPILED = compile(ROUND);

/** What is run to measure it. */
export const LATENESS_ROUNDS: readonly CompiledScenario[] = Array<CompiledScenario>(ROUNDS).fill(COMPILED);

/** How late the callbacks of one round came, nanoseconds; one that never came is late by all the time there was. */
function latenessesNs(trace: Trace): number[] {
  const { events } = readHistory(ROUND, COMPILED, trace);
  const endNs = trace.steps.at(-1)?.timeNs ?? 0;
  return events.flatMap((start) => {
    if (start.kind !== "call" || start.operation.kind !== "timer-start" || start.result !== 0) return [];
    const key = start.element?.key;
    const firing = events.find((event) => event.kind === "firing" && event.element.key === key);
    const firedNs = firing?.kind === "firing" ? firing.timeNs : endNs;
    return [firedNs - start.timeNs - Number(start.operation.ns)];
  });
}

/** The bound that these outcomes of `LATENESS_ROUNDS` allow; of a kernel without timers it is the floor. */
export function latenessBoundNs(outcomes: readonly Outcome[]): number {
  const seen = outcomes.flatMap((outcome) => (outcome.kind === "trace" ? latenessesNs(outcome.trace) : []));
  return Math.max(FLOOR_NS, MARGIN * Math.max(0, ...seen));
}
