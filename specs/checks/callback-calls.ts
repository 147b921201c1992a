/** Which callback a timer calls: the one that was set last. */
import type { CallEvent, FiringEvent } from "../../scenario/history.ts";
import { type Check, UNTOUCHED, type Violation } from "../guarantee.ts";
import { isSameElement } from "./looking-back.ts";
import type { Reading } from "./reading.ts";

/** Which callback of which program a bpf_timer_set_callback sets. */
export const nameOf = ({ program, operation }: CallEvent): string =>
  operation.kind === "timer-set-callback" ? `${program}/${operation.callback}` : "";

/** Which firings tell something, given every bpf_timer_set_callback before that succeeded: on the timer itself, and on others. */
export type Tells = (own: readonly CallEvent[], others: readonly CallEvent[], firing: FiringEvent) => boolean;

const findSets = (reading: Reading): readonly CallEvent[] =>
  reading.calls("timer-set-callback").flatMap(({ event }) => (event.result === 0 ? [event] : []));

/** Every bpf_timer_set_callback that succeeded. */
export const callbackSets = (reading: Reading): readonly CallEvent[] => reading.shared(findSets);

/**
 * Whether the callback that ran may have been set just before: a call is logged once it has returned, and a timer may
 * fire under the program between the two.
 */
const mayBeSetBefore = (reading: Reading, firing: FiringEvent, sets: readonly CallEvent[]): boolean =>
  sets.some((set) => {
    if (set.at !== firing.at || nameOf(set) !== `${firing.program}/${firing.callback}`) return false;
    const [from, until] = [reading.placeOf(firing), reading.placeOf(set)];
    return (
      from < until &&
      isSameElement(set, firing) &&
      !reading.events.slice(from + 1, until).some((event) => event.kind === "call" && event.execution === set.execution)
    );
  });

/** Each timer that fires calls the callback that was set last, where the firing tells something. */
export const callsLatest =
  (tells: Tells): Check =>
  (reading) => {
    if (reading.firings.length === 0) return UNTOUCHED;
    const sets = callbackSets(reading);
    const violations: Violation[] = [];
    let exercised = 0;
    for (const { event, timer } of reading.firings) {
      if (timer?.callback == null) continue;
      const place = reading.placeOf(event);
      const own: CallEvent[] = [];
      const others: CallEvent[] = [];
      for (const set of sets)
        if (reading.placeOf(set) < place) {
          if (isSameElement(set, event)) own.push(set);
          else others.push(set);
        }
      if (!tells(own, others, event)) continue;
      exercised++;
      const { program, callback } = timer.callback;
      if (event.program === program && event.callback === callback) continue;
      if (mayBeSetBefore(reading, event, sets)) continue;
      violations.push({
        at: event.at,
        expected: `the timer calls callback ${callback} of program ${program}, set last`,
        observed: `callback ${event.callback} of program ${event.program} ran`,
        subject: "callback",
        event,
      });
    }
    return { exercised, violations };
  };
