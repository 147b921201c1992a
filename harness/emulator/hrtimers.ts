/**
 * High-resolution timers that expire in softirq context (kernel/time/hrtimer.c), on a virtual clock.
 *
 * Programs take no time here: the clock stands still while one runs, and moves between steps from event to event. Two
 * timers started in one run with the same delay so have the same expiry and fire in the order they were started, as
 * they would a few nanoseconds apart. In softirq context a start counts from one nanosecond later, because the pass
 * that is going on has fixed its own time already; what is due again at once waits for the next interrupt.
 *
 * Each processor has a queue of its own and serves it in its own softirq. Without a reason to move it, a timer is
 * queued on the processor that starts it: get_nohz_timer_target looks for another only where the own one is idle.
 */
import { CPU_COUNT } from "./cpus.ts";

export const KTIME_MAX = Number.POSITIVE_INFINITY;
const TWO_TO_63 = 2 ** 63;

/** How soon a timer interrupt can follow a pass that armed it: the minimum delta of the clock event device. */
export const MIN_DELTA_NS = 1000;

/**
 * The clocks a BPF timer runs on, in the order in which a softirq serves them. There is no base for CLOCK_REALTIME:
 * __hrtimer_init turns it into CLOCK_MONOTONIC for relative timers, and every BPF timer is initialized as relative.
 * The machine never sleeps, so the boot clock shows the same time.
 */
export const CLOCK_BASES = ["monotonic", "boottime"] as const;
export type ClockBase = (typeof CLOCK_BASES)[number];

/** enum hrtimer_mode: whether an expiry is absolute or relative, and whether the timer has to stay on its processor. */
export const HRTIMER_MODE = { abs: 0, rel: 1, pinned: 2 } as const;

export class Hrtimer {
  readonly base: ClockBase;
  readonly expire: () => void;
  queued = false;
  /** What the queue is ordered by, and what the interrupt is programmed for. */
  expiresNs = 0;
  /** From when on a softirq may run it. */
  softExpiresNs = 0;
  notBeforeNs = 0;
  /** The processor whose queue it is in, or was in last. */
  cpu = 0;

  constructor(base: ClockBase, expire: () => void) {
    this.base = base;
    this.expire = expire;
  }
}

/** struct hrtimer_cpu_base. */
export interface CpuBase {
  /** Every armed timer, by expiry and then by when it was armed. */
  readonly queue: Hrtimer[];
  inSoftirq: boolean;
}

/** ktime_add_safe: a sum that is negative or overflows becomes the end of time. */
function addSafe(a: number, b: number): number {
  const sum = a + b;
  return sum < 0 || sum < a || sum < b || sum >= TWO_TO_63 ? KTIME_MAX : sum;
}

/** When the next timer interrupt of a processor comes, at KTIME_MAX never. */
function nextEventNs({ queue }: CpuBase): number {
  let next = KTIME_MAX;
  for (const { expiresNs, notBeforeNs } of queue) {
    if (expiresNs >= next) break;
    next = Math.min(next, Math.max(expiresNs, notBeforeNs));
  }
  return next;
}

export class Hrtimers {
  /** CLOCK_MONOTONIC. */
  nowNs: number;
  readonly cpuBases: readonly CpuBase[] = Array.from({ length: CPU_COUNT }, () => ({ queue: [], inSoftirq: false }));

  constructor(startNs: number) {
    this.nowNs = startNs;
  }

  /**
   * hrtimer_start: arms a timer `ns` from now, or at `ns` on its clock, as `mode` says; re-arms one that is queued. It
   * goes to the queue of `cpu`.
   */
  start(timer: Hrtimer, ns: number, mode: number, cpu: number): void {
    this.cancel(timer);
    // The caller's, on whatever processor the timer goes: no two execute at a time.
    const inSoftirq = this.cpuBases.some((base) => base.inSoftirq);
    const startedNs = this.nowNs + (inSoftirq ? 1 : 0);
    timer.softExpiresNs = (mode & HRTIMER_MODE.rel) === 0 ? ns : addSafe(ns, startedNs);
    timer.expiresNs = addSafe(timer.softExpiresNs, 0);
    timer.notBeforeNs = inSoftirq ? this.nowNs + MIN_DELTA_NS : 0;
    timer.cpu = cpu;
    this.enqueue(timer);
  }

  /** enqueue_hrtimer. */
  enqueue(timer: Hrtimer): void {
    const { queue } = this.cpuBase(timer.cpu);
    timer.queued = true;
    let at = queue.length;
    while (at > 0 && (queue[at - 1] as Hrtimer).expiresNs > timer.expiresNs) at--;
    queue.splice(at, 0, timer);
  }

  /** hrtimer_cancel: 1 where the timer was armed, else 0. */
  cancel(timer: Hrtimer): 0 | 1 {
    if (!timer.queued) return 0;
    timer.queued = false;
    const { queue } = this.cpuBase(timer.cpu);
    queue.splice(queue.indexOf(timer), 1);
    return 1;
  }

  /** Lets time pass up to `untilNs`; softirqs run at each expiry on the way. */
  advance(untilNs: number): void {
    for (let next = this.#nextBase(); next !== undefined; next = this.#nextBase()) {
      const eventNs = nextEventNs(next);
      if (eventNs > untilNs) break;
      this.nowNs = Math.max(this.nowNs, eventNs);
      this.runSoftirq(next);
    }
    this.nowNs = untilNs;
  }

  /** Runs what has expired by now, as far as the interrupt for it has come: on one processor, or on all. */
  runPending(cpu?: number): void {
    for (const base of cpu === undefined ? this.cpuBases : [this.cpuBase(cpu)])
      while (nextEventNs(base) <= this.nowNs) this.runSoftirq(base);
  }

  /** Whether the processor is in a timer's callback. */
  inSoftirq(cpu: number): boolean {
    return this.cpuBase(cpu).inSoftirq;
  }

  cpuBase(cpu: number): CpuBase {
    return this.cpuBases[cpu] as CpuBase;
  }

  /**
   * hrtimer_run_softirq: all expired timers of one clock, then of the next, each by expiry. A timer that is not due
   * ends its clock's turn even where a later one's soft expiry has passed.
   */
  runSoftirq(cpuBase: CpuBase): void {
    const basenowNs = this.nowNs;
    cpuBase.inSoftirq = true;
    try {
      for (const base of CLOCK_BASES)
        for (;;) {
          const timer = cpuBase.queue.find((queued) => queued.base === base);
          if (timer === undefined || timer.softExpiresNs > basenowNs) break;
          this.cancel(timer);
          timer.expire();
        }
    } finally {
      cpuBase.inSoftirq = false;
    }
  }

  /** The processor whose interrupt comes next, the lowest of those at the same time; undefined where none will come. */
  #nextBase(): CpuBase | undefined {
    let first: CpuBase | undefined;
    let firstNs = KTIME_MAX;
    for (const base of this.cpuBases) {
      const eventNs = nextEventNs(base);
      if (eventNs >= firstNs) continue;
      first = base;
      firstNs = eventNs;
    }
    return first;
  }
}
