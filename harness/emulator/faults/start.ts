/** Faults of bpf_timer_start. */
import { ERRNO } from "../../../bpf/errno.ts";
import { CLOCK } from "../../../bpf/uapi.ts";
import type { BpfTimer } from "../bpf-timers.ts";
import { CPU_COUNT } from "../cpus.ts";
import type { Fault, Faults, Machine } from "./fault.ts";
import { onArm, type Start, wrap } from "./hooks.ts";
import { type Past, watchPast } from "./past.ts";

const EARLY_NS = 1000;
const LATER_NS = 1_000_000;
const MUCH_LATER_NS = 15_000_000;

type Applies = (start: Start, machine: Machine, past: Past) => boolean;

/** Starts that `applies` says yes to do as `arm` says. */
const starts = (summary: string, applies: Applies, change: Parameters<typeof onArm>[1]): Fault => ({
  summary,
  install(machine) {
    const past = watchPast(machine);
    onArm(machine, (arm, start) => (applies(start, machine, past) ? change(arm, start) : arm()));
  },
});

/** Such starts return 0 and arm nothing. */
const armsNothing = (summary: string, applies: Applies): Fault => starts(summary, applies, () => 0);

/** Such starts fail with -EINVAL. */
const isRefused = (summary: string, applies: Applies): Fault => starts(summary, applies, () => -ERRNO.EINVAL);

/** Such starts fire so much later than they should, or earlier. */
const isLate = (lateNs: number, summary: string, applies: Applies): Fault =>
  starts(summary, applies, (arm) => arm({ lateNs }));

export const startFaults = {
  "start-early": isLate(-EARLY_NS, "a timer fires a microsecond before its expiry", () => true),
  "start-fails": isRefused("bpf_timer_start returns -EINVAL on a timer that is ready", () => true),
  "start-before-init": {
    summary: "bpf_timer_start returns 0 on a timer that was never initialized",
    install({ kernel: { timers, profile } }) {
      wrap(timers, "start", (next, address, ns, flags) => {
        const isKnown = flags[0] === 0 && (flags[1] & ~profile.timerStartFlags) === 0;
        return isKnown && !timers.timers.has(address) ? 0 : next(address, ns, flags);
      });
    },
  },
  "start-without-callback": {
    summary: "bpf_timer_start returns 0 on a timer whose callback was never set",
    install(machine) {
      const { timers, profile } = machine.kernel;
      const { setter } = watchPast(machine);
      wrap(timers, "start", (next, address, ns, flags) => {
        const isKnown = flags[0] === 0 && (flags[1] & ~profile.timerStartFlags) === 0;
        const timer = timers.timers.get(address);
        return isKnown && timer !== undefined && !setter.has(timer) ? 0 : next(address, ns, flags);
      });
    },
  },
  "start-ignores-unknown-flags": {
    summary: "bpf_timer_start ignores flags that no kernel knows",
    install({ kernel: { timers, profile } }) {
      wrap(timers, "start", (next, address, ns, [, flags]) => next(address, ns, [0, flags & profile.timerStartFlags]));
    },
  },
  "start-only-by-setter": isRefused(
    "bpf_timer_start fails in a program other than the one that set the callback",
    ({ timer, caller }) => timer.program !== caller,
  ),
  "start-delays-others": {
    summary: "bpf_timer_start puts every armed timer behind the one it starts",
    install(machine) {
      const { hrtimers } = machine.kernel;
      onArm(machine, (arm, { ns, timer }) => {
        for (const { queue } of hrtimers.cpuBases)
          for (const other of queue)
            if (other !== timer.hrtimer)
              other.softExpiresNs = other.expiresNs = Math.max(other.expiresNs, hrtimers.nowNs + ns) + 1;
        return arm();
      });
    },
  },
  "restart-ignored": armsNothing(
    "bpf_timer_start of an armed timer returns 0 and leaves the expiry as it was",
    ({ isRestart }) => isRestart,
  ),
  "restart-fires-late": isLate(
    MUCH_LATER_NS,
    "a timer that is started while it is armed fires 15 ms late",
    ({ isRestart }) => isRestart,
  ),
  "restart-fails": starts(
    "bpf_timer_start of an armed timer moves its expiry and returns -EINVAL",
    ({ isRestart }) => isRestart,
    (arm) => arm() || -ERRNO.EINVAL,
  ),
  "restart-takes-earlier": {
    summary: "a timer that is started while it is armed keeps the old expiry where that is earlier",
    install(machine) {
      const { hrtimers } = machine.kernel;
      onArm(machine, (arm, { timer, ns, isAbsolute, isRestart }) => {
        const leftNs = timer.hrtimer.expiresNs - hrtimers.nowNs;
        return isRestart && !isAbsolute ? arm({ ns: Math.min(ns, leftNs) }) : arm();
      });
    },
  },
  "restart-keeps-later": {
    summary: "a timer that is started while it is armed fires at the old expiry as well, where that is later",
    install(machine) {
      const { timers, hrtimers } = machine.kernel;
      const kept = new WeakMap<BpfTimer, number>();
      onArm(machine, (arm, { timer, isRestart }) => {
        const { expiresNs } = timer.hrtimer;
        const result = arm();
        if (isRestart && expiresNs > timer.hrtimer.expiresNs) kept.set(timer, expiresNs);
        return result;
      });
      wrap(timers, "expire", (next, timer) => {
        next(timer);
        const expiresNs = kept.get(timer);
        const { hrtimer } = timer;
        if (expiresNs === undefined || hrtimer.queued) return;
        kept.delete(timer);
        hrtimer.softExpiresNs = hrtimer.expiresNs = expiresNs;
        hrtimers.enqueue(hrtimer);
      });
    },
  },
  "rearm-refused": isRefused("bpf_timer_start from the timer's own callback returns -EINVAL", ({ isRearm }) => isRearm),
  "rearm-once": {
    summary: "the second time that a callback starts its own timer nothing is armed",
    install(machine) {
      const rearmed = new WeakSet<BpfTimer>();
      onArm(machine, (arm, { timer, isRearm }) => {
        if (isRearm && rearmed.has(timer)) return 0;
        if (isRearm) rearmed.add(timer);
        return arm();
      });
    },
  },
  "rearm-ignored": armsNothing(
    "bpf_timer_start from the timer's own callback returns 0 and arms nothing",
    ({ isRearm }) => isRearm,
  ),
  "rearm-fires-late": isLate(
    LATER_NS,
    "a timer that its own callback starts fires 1 ms late",
    ({ isRearm }) => isRearm,
  ),
  "second-start-never-fires": armsNothing(
    "bpf_timer_start of a timer that has fired returns 0 and arms nothing",
    ({ timer, isRearm }, _, { fired }) => fired.has(timer) && !isRearm,
  ),
  "zero-never-fires": armsNothing(
    "bpf_timer_start with 0 ns returns 0 and arms nothing",
    ({ ns, isAbsolute }) => ns === 0 && !isAbsolute,
  ),
  "zero-fires-late": isLate(
    LATER_NS,
    "bpf_timer_start with 0 ns fires 1 ms late",
    ({ ns, isAbsolute }) => ns === 0 && !isAbsolute,
  ),
  "zero-in-callback-fires-late": isLate(
    LATER_NS,
    "bpf_timer_start with 0 ns fires 1 ms late where a callback calls it",
    ({ ns, isAbsolute }, { kernel }) => ns === 0 && !isAbsolute && kernel.timers.running !== undefined,
  ),
  "short-in-callback-fires-late": isLate(
    LATER_NS,
    "bpf_timer_start with less than a millisecond fires 1 ms late where a callback calls it",
    ({ ns, isAbsolute }, { kernel }) => ns > 0 && ns < LATER_NS && !isAbsolute && kernel.timers.running !== undefined,
  ),
  "start-fires-late": isLate(
    LATER_NS,
    "a timer that was not armed fires 1 ms late after a relative start without flags, from anywhere but its callback",
    ({ ns, isAbsolute, isPinned, isRestart, isRearm }) => ns > 0 && !(isAbsolute || isPinned || isRestart || isRearm),
  ),
  "pinned-start-fires-late": isLate(
    LATER_NS,
    "a start with BPF_F_TIMER_CPU_PIN fires 1 ms late",
    ({ isPinned }) => isPinned,
  ),
  "far-future-fires": starts(
    "a start in the far future fires at once",
    ({ ns }) => ns > 2 ** 61,
    (arm) => arm({ ns: 0 }),
  ),
  "far-future-refused": isRefused(
    "bpf_timer_start refuses delays above 2^62.5 ns with -EINVAL",
    ({ ns }) => ns > 2 ** 62.5,
  ),
  "delay-of-32-bits": starts(
    "bpf_timer_start takes the low 32 bits of the delay",
    ({ ns }) => ns >= 2 ** 32,
    (arm, { ns }) => arm({ ns: ns % 2 ** 32 }),
  ),
  "delay-low-word-signed": starts(
    "bpf_timer_start takes the low 32 bits of the delay for a signed number",
    ({ ns }) => ns >= 0 && ns % 2 ** 32 >= 2 ** 31,
    (arm, { ns }) => arm({ ns: ns - 2 ** 32 }),
  ),
  "negative-fires": starts(
    "a start with 2^63 ns or more fires at once",
    ({ ns }) => ns < 0,
    (arm) => arm({ ns: 0 }),
  ),
  "past-signed-refused": isRefused("bpf_timer_start refuses 2^63 ns and more with -EINVAL", ({ ns }) => ns < 0),
  "absolute-taken-as-relative": starts(
    "BPF_F_TIMER_ABS is accepted and ignored",
    ({ isAbsolute }) => isAbsolute,
    (arm) => arm({ isAbsolute: false }),
  ),
  "absolute-monotonic-as-relative": starts(
    "BPF_F_TIMER_ABS is ignored for a timer of CLOCK_MONOTONIC",
    ({ isAbsolute, timer }, _, { clock }) => isAbsolute && clock.get(timer) === CLOCK.MONOTONIC,
    (arm) => arm({ isAbsolute: false }),
  ),
  "absolute-boottime-as-relative": starts(
    "BPF_F_TIMER_ABS is ignored for a timer of CLOCK_BOOTTIME",
    ({ isAbsolute, timer }, _, { clock }) => isAbsolute && clock.get(timer) === CLOCK.BOOTTIME,
    (arm) => arm({ isAbsolute: false }),
  ),
  "absolute-refused": isRefused(
    "bpf_timer_start refuses BPF_F_TIMER_ABS with -EINVAL",
    ({ isAbsolute, isPinned }) => isAbsolute && !isPinned,
  ),
  "absolute-pinned-refused": isRefused(
    "bpf_timer_start refuses BPF_F_TIMER_ABS beside BPF_F_TIMER_CPU_PIN with -EINVAL",
    ({ isAbsolute, isPinned }) => isAbsolute && isPinned,
  ),
  "absolute-past-refused": isRefused(
    "bpf_timer_start refuses a moment that is past with -EINVAL",
    ({ isAbsolute, ns }, { kernel }) => isAbsolute && ns < kernel.hrtimers.nowNs,
  ),
  "pin-refused": isRefused(
    "bpf_timer_start refuses BPF_F_TIMER_CPU_PIN with -EINVAL",
    ({ isAbsolute, isPinned }) => isPinned && !isAbsolute,
  ),
  "absolute-pinned-taken-as-relative": starts(
    "BPF_F_TIMER_ABS is ignored beside BPF_F_TIMER_CPU_PIN",
    ({ isAbsolute, isPinned }) => isAbsolute && isPinned,
    (arm) => arm({ isAbsolute: false }),
  ),
  "absolute-past-never-fires": armsNothing(
    "an absolute start in the past returns 0 and arms nothing",
    ({ isAbsolute, ns }, { kernel }) => isAbsolute && ns < kernel.hrtimers.nowNs,
  ),
  "absolute-realtime-never-fires": armsNothing(
    "an absolute start of a CLOCK_REALTIME timer returns 0 and arms nothing",
    ({ isAbsolute, timer }, _, { clock }) => isAbsolute && clock.get(timer) === CLOCK.REALTIME,
  ),
  "absolute-fires-early": isLate(
    -EARLY_NS,
    "an absolute start fires a microsecond before its expiry",
    ({ isAbsolute }) => isAbsolute,
  ),
  "absolute-fires-late": isLate(LATER_NS, "an absolute start fires 1 ms late", ({ isAbsolute }) => isAbsolute),
  "pin-ignored": starts(
    "BPF_F_TIMER_CPU_PIN is accepted, and the callback runs on another CPU",
    ({ isPinned }) => isPinned,
    (arm, { cpu }) => arm({ cpu: (cpu + 1) % CPU_COUNT }),
  ),
  "callback-runs-on-other-cpu": starts(
    "without BPF_F_TIMER_CPU_PIN the callback runs on another CPU than the one that started the timer",
    ({ isPinned }) => !isPinned,
    (arm, { cpu }) => arm({ cpu: (cpu + 1) % CPU_COUNT }),
  ),
  "cancelled-never-fires": armsNothing(
    "a timer that was cancelled once never fires again",
    ({ timer }, _, { cancelled }) => cancelled.has(timer),
  ),
  "cancelled-refuses-start": isRefused(
    "bpf_timer_start returns -EINVAL for a timer that was ever cancelled",
    ({ timer }, _, { cancelled }) => cancelled.has(timer),
  ),
  "cancel-async-restart-refused": isRefused(
    "bpf_timer_start returns -EINVAL once bpf_timer_cancel_async has disarmed the timer",
    ({ timer }, _, { cancelledAsync }) => cancelledAsync.has(timer),
  ),
  "cancel-async-restart-never-fires": armsNothing(
    "bpf_timer_start arms nothing once bpf_timer_cancel_async has disarmed the timer",
    ({ timer }, _, { cancelledAsync }) => cancelledAsync.has(timer),
  ),
  "start-takes-starter": {
    summary: "a timer that another program starts than the one that set its callback calls a callback of that program",
    install(machine) {
      const { kernel } = machine;
      onArm(machine, (arm, { timer, caller }) => {
        const own = [...kernel.timers.timers.values()].find((other) => other.program === caller);
        const { program } = timer;
        if (caller === undefined || own === undefined || program === undefined || program === caller) return arm();
        caller.references++;
        timer.program = caller;
        timer.callback = own.callback;
        kernel.putProgram(program);
        return arm();
      });
    },
  },
  "start-with-interrupts-off-refused": {
    summary: "bpf_timer_start returns -EOPNOTSUPP with interrupts off",
    install({ kernel }) {
      wrap(kernel.timers, "start", (next, ...args) => (kernel.interruptsAreOff ? -ERRNO.EOPNOTSUPP : next(...args)));
    },
  },
  "start-with-interrupts-off-lost": {
    summary: "bpf_timer_start returns 0 with interrupts off and arms nothing",
    install({ kernel }) {
      wrap(kernel.timers, "start", (next, address, ...args) => {
        const isReady = kernel.timers.timers.get(address)?.program !== undefined;
        return kernel.interruptsAreOff && isReady ? 0 : next(address, ...args);
      });
    },
  },
  "callback-of-setter-lost": armsNothing(
    "a timer that another program starts than the one that set its callback never fires",
    ({ timer, caller }) => timer.program !== caller,
  ),
} as const satisfies Faults;
