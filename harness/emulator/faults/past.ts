/** What timers have been through: the memory of the faults that go by it. */
import { CLOCK } from "../../../bpf/uapi.ts";
import type { BpfTimer } from "../bpf-timers.ts";
import type { LoadedProgram } from "../program.ts";
import type { Machine } from "./fault.ts";
import { watchCaller, wrap } from "./hooks.ts";

export interface Past {
  /** The clock that a timer was initialized with. */
  readonly clock: WeakMap<BpfTimer, number>;
  readonly initializer: WeakMap<BpfTimer, LoadedProgram>;
  /** The program that set the callback last. */
  readonly setter: WeakMap<BpfTimer, LoadedProgram>;
  readonly fired: WeakSet<BpfTimer>;
  /** By bpf_timer_cancel. */
  readonly cancelled: WeakSet<BpfTimer>;
  /** By bpf_timer_cancel_async, while it was armed, and not started since. */
  readonly cancelledAsync: WeakSet<BpfTimer>;
}

/** Follows the timers of a machine from now on. A fault that is installed later sees what was before each call. */
export function watchPast(machine: Machine): Past {
  const { timers } = machine.kernel;
  const callerOf = watchCaller(machine);
  const past: Past = {
    clock: new WeakMap(),
    initializer: new WeakMap(),
    setter: new WeakMap(),
    fired: new WeakSet(),
    cancelled: new WeakSet(),
    cancelledAsync: new WeakSet(),
  };
  wrap(timers, "init", (next, address, map, flags) => {
    const result = next(address, map, flags);
    const timer = timers.timers.get(address);
    if (result !== 0 || timer === undefined) return result;
    past.clock.set(timer, flags[1] ?? CLOCK.MONOTONIC);
    const program = callerOf();
    if (program !== undefined) past.initializer.set(timer, program);
    return result;
  });
  wrap(timers, "setCallback", (next, address, callback, program) => {
    const result = next(address, callback, program);
    const timer = timers.timers.get(address);
    if (result === 0 && timer !== undefined) past.setter.set(timer, program);
    return result;
  });
  wrap(timers, "expire", (next, timer) => {
    next(timer);
    past.fired.add(timer);
  });
  wrap(timers, "cancel", (next, address) => {
    const timer = timers.timers.get(address);
    const result = next(address);
    if (result >= 0 && timer !== undefined) past.cancelled.add(timer);
    return result;
  });
  wrap(timers, "cancelAsync", (next, address) => {
    const timer = timers.timers.get(address);
    const result = next(address);
    if (result === 1 && timer !== undefined) past.cancelledAsync.add(timer);
    return result;
  });
  return past;
}
