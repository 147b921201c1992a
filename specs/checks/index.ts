/**
 * The common shapes of a check, for catalogues of others; what a check reads is `Reading`.
 * @since 0.1.0
 */
export { type ArmingRecord, type Armings, delayOf, hasFlag, isRelative } from "./armings.ts";
export { callsReturn, isReady, wrongResult } from "./calls.ts";
export {
  eachStart,
  firesAtOnce,
  firesInOrder,
  firesInTime,
  firesOnTime,
  firesWithItsCallback,
  neverFires,
  neverFiresEarly,
  onlyFiresWhenStarted,
  staysQuietOnceCancelled,
  waits,
} from "./firing-time.ts";
export { accepts, isTwin, refuses } from "./loads.ts";
export { type Call, type FiringMoment, Reading, type StepMoment } from "./reading.ts";
export type { Moment, TimerState } from "./timer-state.ts";
