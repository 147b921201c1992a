/** How faults change a machine: a method of one object is wrapped, and what it does otherwise is called `next`. */
import type { PlainStep } from "../../../scenario/compiled-scenario.ts";
import type { BpfTimer } from "../bpf-timers.ts";
import { HRTIMER_MODE } from "../hrtimers.ts";
import type { Kernel } from "../kernel.ts";
import type { BpfMap } from "../maps/bpf-map.ts";
import type { LoadedProgram } from "../program.ts";
import type { Effect, StepOf } from "../user-space.ts";
import type { Machine } from "./fault.ts";

type Method = (...args: never[]) => unknown;
type MethodName<Target> = { [Name in keyof Target]: Target[Name] extends Method ? Name : never }[keyof Target];
type MethodOf<Target, Name extends keyof Target> = Extract<Target[Name], Method>;

/** Puts `change` in place of a method of this one object; it gets the method as it was, and the arguments. */
export function wrap<Target extends object, Name extends MethodName<Target>>(
  target: Target,
  name: Name,
  change: (
    next: MethodOf<Target, Name>,
    ...args: Parameters<MethodOf<Target, Name>>
  ) => ReturnType<MethodOf<Target, Name>>,
): void {
  const next = (target[name] as Method).bind(target) as MethodOf<Target, Name>;
  const value = (...args: Parameters<MethodOf<Target, Name>>) => change(next, ...args);
  Object.defineProperty(target, name, { value, configurable: true, writable: true });
}

/** Around each step of a kind. */
export function onStep<Kind extends PlainStep["kind"]>(
  { user }: Machine,
  kind: Kind,
  change: (next: () => Effect, step: StepOf<Kind>) => Effect,
): void {
  wrap(user, "execute", (next, step) =>
    step.kind === kind ? change(() => next(step), step as StepOf<Kind>) : next(step),
  );
}

/** A helper's arguments (registers 1 to 5) and result (register 0), and the program that calls it. */
export interface HelperCall {
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  readonly program: LoadedProgram;
}

/** Around each call of helper `id`. */
export function onHelper({ kernel }: Machine, id: number, change: (next: () => void, call: HelperCall) => void): void {
  wrap(kernel, "callHelper", (next, called, lo, hi, program) => {
    if (called === id) change(() => next(called, lo, hi, program), { lo, hi, program });
    else next(called, lo, hi, program);
  });
}

/** What a helper returns, a number of 32 bits with its sign. */
export function returnNumber({ lo, hi }: HelperCall, value: number): void {
  lo[0] = value;
  hi[0] = value >> 31;
}

/** Changes every map that is created. */
export function onMap({ kernel }: Machine, change: (map: BpfMap) => void): void {
  wrap(kernel, "createMap", (next, ...args) => {
    const map = next(...args);
    if (typeof map !== "number") change(map);
    return map;
  });
}

/** Does something that may free timers, and frees none. */
export function keepingTimers<Result>(kernel: Kernel, act: () => Result): Result {
  const { freeTimer } = kernel;
  Object.defineProperty(kernel, "freeTimer", { value: () => undefined, configurable: true, writable: true });
  try {
    return act();
  } finally {
    Object.defineProperty(kernel, "freeTimer", { value: freeTimer, configurable: true, writable: true });
  }
}

/** Who called the helper that is executing. */
export function watchCaller({ kernel }: Machine): () => LoadedProgram | undefined {
  let caller: LoadedProgram | undefined;
  wrap(kernel, "callHelper", (next, id, lo, hi, program) => {
    const interrupted = caller;
    caller = program;
    next(id, lo, hi, program);
    caller = interrupted;
  });
  return () => caller;
}

/** A bpf_timer_start that is about to arm its timer: everything that makes it fail has been looked at. */
export interface Start {
  readonly timer: BpfTimer;
  /** ns_to_ktime of the argument: signed. */
  readonly ns: number;
  readonly isAbsolute: boolean;
  readonly isPinned: boolean;
  readonly cpu: number;
  /** Whether the timer is armed already. */
  readonly isRestart: boolean;
  /** Whether the timer's own callback starts it. */
  readonly isRearm: boolean;
  /** The program that calls; undefined is none that could be told. */
  readonly caller: LoadedProgram | undefined;
}

/** How a start arms its timer instead; `lateNs` moves the expiry that comes of the rest. */
export interface Arming {
  readonly ns: number;
  readonly isAbsolute: boolean;
  readonly cpu: number;
  readonly lateNs: number;
}

/** In place of each arming; what `change` returns is what bpf_timer_start returns. `arm` arms and returns 0. */
export function onArm(machine: Machine, change: (arm: (as?: Partial<Arming>) => number, start: Start) => number): void {
  const { timers, hrtimers } = machine.kernel;
  const callerOf = watchCaller(machine);
  let timer: BpfTimer | undefined;
  let result = 0;
  let lateNs = 0;
  wrap(timers, "start", (next, address, ...args) => {
    timer = timers.timers.get(address);
    result = 0;
    return next(address, ...args) || result;
  });
  wrap(hrtimers, "enqueue", (next, hrtimer) => {
    hrtimer.softExpiresNs += lateNs;
    hrtimer.expiresNs += lateNs;
    next(hrtimer);
  });
  wrap(hrtimers, "start", (next, hrtimer, ns, mode, cpu) => {
    if (timer === undefined) return;
    const isAbsolute = (mode & HRTIMER_MODE.rel) === 0;
    const arm = (as: Partial<Arming> = {}): number => {
      const relative = (as.isAbsolute ?? isAbsolute) ? 0 : HRTIMER_MODE.rel;
      lateNs = as.lateNs ?? 0;
      next(hrtimer, as.ns ?? ns, (mode & ~HRTIMER_MODE.rel) | relative, as.cpu ?? cpu);
      lateNs = 0;
      return 0;
    };
    result = change(arm, {
      timer,
      ns,
      isAbsolute,
      isPinned: (mode & HRTIMER_MODE.pinned) !== 0,
      cpu,
      isRestart: hrtimer.queued,
      isRearm: timers.running === timer,
      caller: callerOf(),
    });
  });
}
