/** Faults that no clause names yet: whoever writes the clause that a fault breaks takes its name off this list. */
export const AWAITING: readonly string[] = [
  "absolute-fires-early",
  "absolute-fires-late",
  "absolute-pinned-taken-as-relative",
  "callback-of-setter-lost",
  "callback-runs-on-other-cpu",
  "cancel-async-restart-never-fires",
  "cancel-async-restart-refused",
  "far-future-refused",
  "past-signed-refused",
  "pinned-start-fires-late",
  "rearm-fires-late",
  "restart-fires-late",
  "second-start-never-fires",
  "start-fires-late",
  "zero-fires-late",
];
