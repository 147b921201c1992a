/**
 * Cases for the rules of the verifier: two programs, one as it has to be and one alike but for a defect. Nothing is
 * run: whether they load is the question.
 */
import fc from "fast-check";
import { CLOCK } from "../bpf/uapi.ts";
import {
  callback,
  cancel,
  init,
  lookup,
  lookupInner,
  program,
  scenario,
  setCallback,
  start,
} from "../scenario/build.ts";
import type { ProgramType } from "../scenario/program-types.ts";
import type { MapSpec, Operation, Scenario } from "../scenario/scenario.ts";
import { timerClock } from "./clock.ts";
import { lockedMap } from "./locked-map.ts";
import { timerElement, timerMap } from "./map.ts";
import { runnableType } from "./program-type.ts";
import { delayNs } from "./time.ts";

/** A call of a timer helper, or of the kfunc. */
type TimerCall = Extract<Operation, { kind: `timer-${string}` }>;
const isTimerCall = (operation: Operation): operation is TimerCall => operation.kind.startsWith("timer-");

/** A call of one of the four helpers on the element of slot 0, which is of map 0. */
const timerCall: fc.Arbitrary<TimerCall> = fc
  .oneof(
    timerClock.map((clock) => init(0, clock)),
    fc.constant(setCallback(0)),
    delayNs().map((delay) => start(delay)),
    fc.constant(cancel()),
  )
  .filter(isTimerCall);

/** The control, and the program under test. */
const twins = (maps: MapSpec[], type: ProgramType, good: Operation[], bad: Operation[]): Scenario =>
  scenario(maps, [program(good, [callback()], type), program(bad, [callback()], type)], []);

/** The same, with what they differ in in a callback: the second one, since a call in it may set the first. */
const callbackTwins = (
  [map, ...maps]: [MapSpec, ...MapSpec[]],
  type: ProgramType,
  good: Operation[],
  bad: Operation[],
) => {
  const setting = (operations: Operation[]) =>
    program([lookup(0, 0), init(0, CLOCK.MONOTONIC), setCallback(1)], [callback(), callback(operations)], type);
  return scenario([map, ...maps], [setting(good), setting(bad)], []);
};

/** Where two programs differ: in what they do themselves, or in a callback. */
const eitherTwins = fc.constantFrom(twins, callbackTwins);

const elementCall = fc.record({ element: timerElement, type: runnableType, call: timerCall, write: eitherTwins });

/** A call with a right pointer, and the same call with a wrong one. */
export const misplaced = (wrong: fc.Arbitrary<Pick<TimerCall, "offsetDelta" | "variableOffset">>) =>
  fc.tuple(elementCall, wrong).map(
    ([
      {
        element: { map, key },
        type,
        call,
        write,
      },
      change,
    ]) => write([map], type, [lookup(0, key), call], [lookup(0, key), { ...call, ...change }]),
  );

/** A program that reads the payload, and one that accesses 8 of the timer's bytes. */
export const directly = (access: "load" | "store") =>
  fc
    .record({
      element: timerElement.filter(({ map }) => map.value.fields.some(({ kind }) => kind === "u64")),
      type: runnableType,
      offsetDelta: fc.constantFrom(0, 8),
      write: eitherTwins,
    })
    .map(({ element: { map, key }, type, offsetDelta, write }) => {
      const allowed: Operation =
        access === "load" ? { kind: "read-payload", element: 0 } : { kind: "write-payload", element: 0, value: 1 };
      const refused: Operation = { kind: "access-timer", element: 0, access, offsetDelta };
      return write([map], type, [lookup(0, key), allowed], [lookup(0, key), refused]);
    });

/** Socket filters may not use locks at all. */
const lockingType = runnableType.filter((type) => type !== "socket-filter");

/** A call after the lock was given back, and the same call while it is held. */
export const underLock = fc
  .record({ map: lockedMap, type: lockingType, call: timerCall })
  .map(({ map, type, call }) => {
    const lock: Operation = { kind: "spin-lock", element: 0 };
    const unlock: Operation = { kind: "spin-unlock", element: 0 };
    return twins([map], type, [lookup(0, 0), lock, unlock, call], [lookup(0, 0), lock, call, unlock]);
  });

/** A call of bpf_timer_init with the map that holds the timer, and with another. */
export const otherMap = fc
  .record({ own: timerElement, other: timerMap, clock: timerClock, type: runnableType, write: eitherTwins })
  .map(({ own: { map, key }, other, clock, type, write }) =>
    write([map, other], type, [lookup(0, key), init(0, clock)], [lookup(0, key), init(1, clock)]),
  );

/** The same program over two maps: the first is as it has to be, the second is what `spoil` makes of it. */
export const overMaps = (spoil: (map: MapSpec) => { right: MapSpec; wrong: MapSpec }) =>
  fc
    .record({ element: timerElement, type: runnableType, call: timerCall })
    .map(({ element: { map, key }, type, call }) => {
      const { right, wrong } = spoil(map);
      const onSecond = call.kind === "timer-init" ? { ...call, map: 1 } : call;
      return twins([right, wrong], type, [lookup(0, key), call], [lookup(1, key), onSecond]);
    });

/** A value of a payload, a timer, and behind it something else. */
export const twoFold = (map: MapSpec, second: "u64" | "timer"): MapSpec => ({
  ...map,
  value: {
    size: 40,
    fields: [
      { kind: "u64", offset: 0 },
      { kind: "timer", offset: 8 },
      { kind: second, offset: 24 },
    ],
  },
});

const INNER_MAPS = 2;
const OUTER = 2;
/** Two inner maps in an outer one; a timer of the first is initialized with its own map, and with another. */
export const innerMaps = fc
  .record({
    element: timerElement,
    outer: fc.constantFrom<MapSpec["type"]>("array-of-maps", "hash-of-maps"),
    type: runnableType,
    clock: timerClock,
    named: fc.boolean(),
  })
  .map(({ element: { map, key }, outer, type, clock, named }) => {
    const outerMap: MapSpec = {
      type: outer,
      maxEntries: INNER_MAPS,
      flags: 0,
      btf: false,
      value: { size: 4, fields: [] },
      innerMap: 0,
    };
    const initWith = (slot: number): Operation => ({
      kind: "timer-init",
      element: 0,
      map: OUTER,
      innerMapOf: slot,
      flags: clock,
    });
    const lookups = [lookupInner(OUTER, 0, key, 0), lookupInner(OUTER, 1, key, 1)];
    const other = named ? init(1, clock) : initWith(1);
    return twins([map, map, outerMap], type, [...lookups, initWith(0)], [...lookups, other]);
  });
