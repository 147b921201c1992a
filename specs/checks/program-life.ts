/** How long a program stays loaded: while an armed timer is to call back into it, and no longer than timers need it. */
import { ERRNO, formatResult } from "../../bpf/errno.ts";
import type { CallEvent, History, StepEvent } from "../../scenario/history.ts";
import { RELEASE_NS } from "../../scenario/time.ts";
import type { Guarantee, Judgement } from "../guarantee.ts";
import { readArmings } from "./armings.ts";
import { firesOnTime } from "./firing-time.ts";
import { before, happenedMeanwhile, isProgramHeld, isStep, setterOf } from "./looking-back.ts";
import { type TimerState, TimerWorld } from "./timer-state.ts";

/** A search for a program by its id that nothing in user space holds, with the timers that call back into it at that moment. */
interface Search {
  event: StepEvent;
  program: number;
  timers: TimerState[];
}

function* searches(history: History): Generator<Search> {
  const world = new TimerWorld(history.scenario);
  for (const event of history.events) {
    if (event.kind === "step" && event.step.kind === "find-program") {
      const { program } = event.step;
      const timers = [...world.timers()]
        .filter(({ callback }) => callback?.program === program)
        .map((timer) => ({ ...timer }));
      if (!isProgramHeld(history, program, event)) yield { event, program, timers };
    }
    world.apply(event);
  }
}

/** Judges each search: what it must give and what for, or undefined where that is nobody's promise. */
function judgeSearches(
  history: History,
  expect: (search: Search) => { result: number; because: string; subject: string } | undefined,
): Judgement {
  const judged = [...searches(history)].flatMap((search) => {
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
    }));
  return { exercised: judged.length, violations };
}

/** A program that an armed timer is to call back into can be found. */
export const programStays: Guarantee["check"] = (history) =>
  judgeSearches(history, ({ timers }) =>
    timers.some(({ arming }) => arming !== null)
      ? { result: 0, because: "which an armed timer needs", subject: "released" }
      : undefined,
  );

/** How long nothing but time had passed before an event, nanoseconds. */
function quietNs(history: History, event: StepEvent): number {
  const last = before(history, event).findLast(
    (each) => each.kind !== "step" || (each.step.kind !== "advance" && each.step.kind !== "find-program"),
  );
  const lastNs = last?.kind === "step" ? last.outcome.timeNs : (last?.timeNs ?? 0);
  return event.outcome.timeNs - lastNs;
}

/** What became of the starts that were to call back into a program; undefined where none was made. */
function fateOf(history: History, { event, program, timers }: Search): "fired" | "freed" | "cancelled" | undefined {
  const until = history.events.indexOf(event);
  const isBefore = (call: CallEvent): boolean => history.events.indexOf(call) < until;
  const starts = readArmings(history).records.filter(
    (record) => isBefore(record.call) && setterOf(history, record)?.program === program,
  );
  if (starts.length === 0 || timers.some(({ arming, fired }) => arming !== null || !fired)) return undefined;
  if (timers.length > 0) return "fired";
  return starts.some(({ end }) => end === "freed") ? "freed" : "cancelled";
}

/** A program that no armed timer needs, and that nobody else holds, cannot be found once the kernel had time to let go. */
export const programGoes: Guarantee["check"] = (history) =>
  judgeSearches(history, (search) => {
    const fate = quietNs(history, search.event) >= RELEASE_NS ? fateOf(history, search) : undefined;
    if (fate === undefined) return undefined;
    return {
      result: -ERRNO.ENOENT,
      because: `whose timers ${fate === "fired" ? "have all fired" : `were all ${fate}`}`,
      subject: fate,
    };
  });

/** A timer fires in time though user space closed the program that it calls back into. */
export const firesWithProgramClosed: Guarantee["check"] = firesOnTime((record, _, history) => {
  const program = setterOf(history, record)?.program;
  return happenedMeanwhile(
    history,
    record,
    (event) => isStep(event, "exit-process") || (isStep(event, "close-program") && event.step.program === program),
  );
});
