/** What bpf_timer_set_callback promises, and what it promises of the callback. */
import fc from "fast-check";
import { ERRNO } from "../../bpf/errno.ts";
import {
  advance,
  callback,
  closeMap,
  init,
  lookup,
  program,
  run,
  scenario,
  setCallback,
  start,
} from "../../generators/build.ts";
import { timerClock } from "../../generators/clock.ts";
import { timerElement, timerMap } from "../../generators/map.ts";
import { runnableType } from "../../generators/program-type.ts";
import { delayNs, GRID_NS } from "../../generators/time.ts";
import { usedCallbacks } from "../../scenario/elements.ts";
import type { Operation } from "../../scenario/scenario.ts";
import type { Guarantee, Judgement, Violation } from "../guarantee.ts";
import { callsReturn, loads } from "../judge.ts";
import { isHeld, moments } from "../timer-state.ts";

const RETURNS = [
  { document: "ebpf-docs/bpf_timer_set_callback", place: "Returns" },
  { document: "uapi/bpf_timer_set_callback", place: "Return" },
] as const;
const DEFINITION = [
  { document: "ebpf-docs/bpf_timer_set_callback", place: "Definition" },
  { document: "uapi/bpf_timer_set_callback", place: "Description" },
] as const;
const SIGNATURE = {
  document: "ebpf-docs/bpf_timer_set_callback",
  place: "Definition, signature of callback_fn",
} as const;

/** Two maps of the same shape, and timers in some of their elements; every one gets the same callback. */
const severalTimers = fc
  .record({
    map: timerMap,
    maps: fc.integer({ min: 1, max: 2 }),
    clock: timerClock,
    delay: delayNs(),
    targets: fc.array(fc.tuple(fc.nat({ max: 1 }), fc.nat({ max: 3 })), { minLength: 1, maxLength: 3 }),
  })
  .map(({ map, maps, clock, delay, targets }) => {
    const chosen = new Map(
      targets.map(([index, key]) => [
        `${index % maps}/${key % map.maxEntries}`,
        [index % maps, key % map.maxEntries] as const,
      ]),
    );
    const operations = [...chosen.values()].flatMap(([index, key]): Operation[] => [
      lookup(index, key),
      init(index, clock),
      setCallback(0),
      start(delay),
    ]);
    return scenario(Array(maps).fill(map), [program(operations, [callback()])], [run(), advance(delay + GRID_NS)]);
  });

/** Every firing belongs to a started timer, and hands over that timer's map, key and value. */
const checkArguments: Guarantee["check"] = (history): Judgement => {
  const violations: Violation[] = [];
  let exercised = 0;
  for (const { event, timer } of moments(history)) {
    if (event.kind !== "firing") continue;
    exercised++;
    const { map, key } = event.element;
    const observed = `it was called with map ${map === null ? "unknown" : `m${map}`}, key ${key} and ${event.ownElement ? "that element's value" : "a value that is not that element's"}`;
    if (timer?.arming == null || !event.ownElement)
      violations.push({
        at: event.at,
        expected: "the callback receives the map, the key and the value of an element whose timer was started",
        observed,
        subject: "arguments",
      });
  }
  return { exercised, violations };
};

/** A timer whose callback was set more than once before it fired calls the one set last. */
const checkLatest: Guarantee["check"] = (history): Judgement => {
  const violations: Violation[] = [];
  const sets = new Map<string, number>();
  let exercised = 0;
  for (const { event, timer } of moments(history)) {
    if (event.kind === "step" || event.element === null) continue;
    const name = `${event.element.map}/${event.element.key}`;
    if (event.kind === "call" && event.operation.kind === "timer-set-callback" && event.result === 0)
      sets.set(name, (sets.get(name) ?? 0) + 1);
    if (event.kind !== "firing" || timer?.callback == null || (sets.get(name) ?? 0) < 2) continue;
    exercised++;
    const { program, callback } = timer.callback;
    if (event.program === program && event.callback === callback) continue;
    violations.push({
      at: event.at,
      expected: `the timer calls callback ${callback} of program ${program}, set last`,
      observed: `callback ${event.callback} of program ${event.program} ran`,
      subject: "callback",
    });
  }
  return { exercised, violations };
};

export default [
  {
    id: "set-callback.succeeds",
    statement: "bpf_timer_set_callback returns 0 for an initialized timer while user space refers to its map.",
    citations: RETURNS,
    since: "5.15",
    scenarios: fc
      .record({ element: timerElement, clock: timerClock, type: runnableType, again: fc.boolean() })
      .map(({ element: { map, key }, clock, type, again }) =>
        scenario(
          [map],
          [
            program(
              [lookup(0, key), init(0, clock), setCallback(0), ...(again ? [setCallback(1)] : [])],
              [callback(), callback()],
              type,
            ),
          ],
          [run()],
        ),
      ),
    check: callsReturn(
      "timer-set-callback",
      0,
      ({ timer, event, references }) =>
        timer.initialized && event.element?.map != null && isHeld(references[event.element.map]),
    ),
    faults: ["set-callback-fails"],
  },
  {
    id: "set-callback.uninitialized",
    statement: "bpf_timer_set_callback returns -EINVAL for a timer that bpf_timer_init has not initialized.",
    citations: [...RETURNS, { document: "ebpf-docs/timers", place: "list of three programs" }],
    since: "5.15",
    scenarios: fc
      .record({ element: timerElement, type: runnableType, clock: timerClock, wrongInit: fc.boolean() })
      .map(({ element: { map, key }, type, clock, wrongInit }) =>
        scenario(
          [map],
          [program([lookup(0, key), ...(wrongInit ? [init(0, clock + 16)] : []), setCallback(0)], [callback()], type)],
          [run()],
        ),
      ),
    check: callsReturn(
      "timer-set-callback",
      -ERRNO.EINVAL,
      ({ timer }) => !timer.initialized && timer.freedWithMap === null,
    ),
    faults: ["set-callback-before-init"],
  },
  {
    id: "set-callback.no-user-reference",
    statement:
      "bpf_timer_set_callback returns -EPERM for a timer, initialized before, in a map that user space refers to neither by a descriptor nor by a pin.",
    citations: [...RETURNS, { document: "ebpf-docs/timers", place: "paragraph on -EPERM" }],
    since: "5.15",
    scenarios: fc
      .record({ element: timerElement, clock: timerClock })
      .map(({ element: { map, key }, clock }) =>
        scenario(
          [map],
          [program([lookup(0, key), init(0, clock)]), program([lookup(0, key), setCallback(0)], [callback()])],
          [run(0), closeMap(), run(1)],
        ),
      ),
    check: callsReturn(
      "timer-set-callback",
      -ERRNO.EPERM,
      ({ timer, event, references }) =>
        (timer.initialized || timer.freedWithMap !== null) &&
        event.element?.map != null &&
        !isHeld(references[event.element.map]),
    ),
    faults: ["set-callback-without-user-reference"],
  },
  {
    id: "set-callback.arguments",
    statement:
      "The callback is called with the map that holds the timer, the key of the timer's element and a pointer to that element's value.",
    citations: [SIGNATURE, { document: "ebpf-docs/timers", place: "paragraph on the callback's signature" }],
    since: "5.15",
    scenarios: severalTimers,
    check: checkArguments,
    faults: ["callback-wrong-key", "callback-wrong-value"],
  },
  {
    id: "set-callback.latest-wins",
    statement: "When the callback of a timer is set more than once, the timer calls the one that was set last.",
    citations: [...DEFINITION, { document: "ebpf-docs/bpf_timer_start", place: "Definition, last sentence" }],
    since: "5.15",
    scenarios: fc
      .record({
        element: timerElement,
        clock: timerClock,
        delay: delayNs(),
        order: fc.shuffledSubarray([0, 1, 2], { minLength: 2 }),
        armed: fc.boolean(),
      })
      .map(({ element: { map, key }, clock, delay, order, armed }) => {
        const sets = order.map((index) => setCallback(index));
        const [first, ...rest] = sets;
        const body = armed && first !== undefined ? [first, start(delay), ...rest] : [...sets, start(delay)];
        return scenario(
          [map],
          [program([lookup(0, key), init(0, clock), ...body], [callback(), callback(), callback()])],
          [run(), advance(delay + GRID_NS)],
        );
      }),
    check: checkLatest,
    faults: ["first-callback-kept"],
  },
  {
    id: "set-callback.returns-zero",
    statement: "A program whose timer callback can return anything but 0 is refused at load.",
    citations: [{ document: "ebpf-docs/timers", place: "note on the callback's return value" }, SIGNATURE],
    since: "5.15",
    scenarios: fc
      .record({
        element: timerElement,
        clock: timerClock,
        type: runnableType,
        returns: fc.oneof(
          fc.constantFrom(1, -1),
          fc.integer().filter((value) => value !== 0),
        ),
      })
      .map(({ element: { map, key }, clock, type, returns }) => {
        const operations = [lookup(0, key), init(0, clock), setCallback(0)];
        return scenario(
          [map],
          [program(operations, [callback()], type), program(operations, [callback([], returns)], type)],
          [],
        );
      }),
    check: loads("refused", (program) =>
      usedCallbacks(program).some((index) => program.callbacks[index]?.returns !== 0),
    ),
    faults: ["verifier-allows-nonzero-callback"],
  },
] satisfies Guarantee[];
