/** How long a program stays loaded: while an armed timer is to call back into it, and no longer than timers need it. */
import { ERRNO, formatResult } from "../../bpf/errno.ts";
import type { StepEvent } from "../../scenario/history.ts";
import { RELEASE_NS } from "../../scenario/time.ts";
import { type Check, type Judgement, UNTOUCHED } from "../guarantee.ts";
import { firesOnTime } from "./firing-time.ts";
import { happenedMeanwhile, isDone, isProgramHeld, isStep, setterOf } from "./looking-back.ts";
import type { Reading } from "./reading.ts";
import type { TimerState } from "./timer-state.ts";

/** A search for a program by its id that nothing in user space holds, with the timers that call back into it at that moment. */
interface Search {
  event: StepEvent;
  program: number;
  timers: readonly TimerState[];
}

const searches = (reading: Reading): Search[] =>
  reading.steps("find-program").flatMap(({ event, timers }) => {
    const { program } = event.step;
    if (isProgramHeld(reading, program, event)) return [];
    return [{ event, program, timers: timers.filter(({ callback }) => callback?.program === program) }];
  });

/** Judges each search: what it must give and what for, or undefined where that is nobody's promise. */
function judgeSearches(
  reading: Reading,
  expect: (search: Search) => { result: number; because: string; subject: string } | undefined,
): Judgement {
  if (reading.steps("find-program").length === 0) return UNTOUCHED;
  const judged = searches(reading).flatMap((search) => {
    const expected = expect(search);
    return expected === undefined ? [] : [{ ...search, ...expected }];
  });
  const violations = judged
    .filter(({ event, result }) => event.outcome.result !== result)
    .map(({ event, program, result, because, subject }) => ({
      at: event.at,
      expected: `looking for program ${program}, ${because}, gives ${formatResult(result)}`,
      observed: `it gave ${formatResult(event.outcome.result)}`,
      subject,
      event,
    }));
  return { exercised: judged.length, violations };
}

/** A program that an armed timer is to call back into can be found. */
export const programStays: Check = (reading) =>
  judgeSearches(reading, ({ timers }) =>
    timers.some(({ arming }) => arming !== null)
      ? { result: 0, because: "which an armed timer needs", subject: "released" }
      : undefined,
  );

/** How long nothing but time had passed before an event, nanoseconds. */
function quietNs(reading: Reading, event: StepEvent): number {
  const last = reading
    .before(event)
    .findLast((each) => each.kind !== "step" || (each.step.kind !== "advance" && each.step.kind !== "find-program"));
  const lastNs = last?.kind === "step" ? last.outcome.timeNs : (last?.timeNs ?? 0);
  return event.outcome.timeNs - lastNs;
}

/** What became of the timers that were to call back into a program. */
export type Fate = "fired" | "freed" | "cancelled" | "replaced";

/** Whether a program has set a callback of its own on a timer that called back into another. */
const isReplaced = (reading: Reading, program: number, until: number): boolean =>
  reading
    .calls("timer-set-callback")
    .some(
      ({ event, timer }) =>
        event.result === 0 &&
        timer.callback?.program === program &&
        event.program !== program &&
        reading.placeOf(event) < until,
    );

/** Whether a program has set its callback on a timer that nobody can name: what became of that cannot be told. */
const isUntold = ({ moments }: Reading, program: number): boolean =>
  moments.some(
    ({ event, timer, stale }) =>
      isDone(event, "timer-set-callback") && event.program === program && (stale || timer === undefined),
  );

/** The same; undefined where there was none, or where one may still call back. */
function fateOf(reading: Reading, { event, program, timers }: Search): Fate | undefined {
  const until = reading.placeOf(event);
  if (isUntold(reading, program)) return undefined;
  if (timers.length === 0 && isReplaced(reading, program, until)) return "replaced";
  const starts = reading.armings.records.filter(
    (record) => reading.placeOf(record.call) < until && setterOf(reading, record)?.program === program,
  );
  if (starts.length === 0 || timers.some(({ arming, fired }) => arming !== null || !fired)) return undefined;
  if (timers.length > 0) return "fired";
  return starts.some(({ end }) => end === "freed") ? "freed" : "cancelled";
}

const FATES: Readonly<Record<Fate, string>> = {
  fired: "whose timers have all fired",
  freed: "whose timers were all freed",
  cancelled: "whose timers were all cancelled",
  replaced: "whose callbacks were replaced by another program's",
};

/** A program that no armed timer needs, and that nobody else holds, cannot be found once the kernel had time to let go. */
export const programGoesOnce =
  (...fates: readonly Fate[]): Check =>
  (reading) =>
    judgeSearches(reading, (search) => {
      const fate = quietNs(reading, search.event) >= RELEASE_NS ? fateOf(reading, search) : undefined;
      if (fate === undefined || !fates.includes(fate)) return undefined;
      return { result: -ERRNO.ENOENT, because: FATES[fate], subject: fate };
    });

/** A timer fires in time though user space closed the program that it calls back into. */
export const firesWithProgramClosed: Check = firesOnTime((record, reading) => {
  const program = setterOf(reading, record)?.program;
  return happenedMeanwhile(
    reading,
    record,
    (event) => isStep(event, "exit-process") || (isStep(event, "close-program") && event.step.program === program),
  );
});
