/**
 * What catalogues of others are written with: arbitraries of timers, maps, clocks and times, and scenarios around them.
 * @since 0.1.0
 */
export { otherClock, reservedFlags, timerClock } from "./clock.ts";
export { HASHES_AND_ARRAYS, mapOf, SIMPLE_MAP, timerElement, timerMap } from "./map.ts";
export { CELL_NS } from "./program.ts";
export { runnableType } from "./program-type.ts";
export { anyScenario } from "./scenario.ts";
export { delayNs, unevenDelayNs } from "./time.ts";
export {
  afterArming,
  type OneTimer,
  onAnotherTimer,
  oneTimer,
  onTimer,
  readyTimer,
  timerScenario,
} from "./timer.ts";
