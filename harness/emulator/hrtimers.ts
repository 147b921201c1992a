/**
 * High-resolution timers that expire in softirq context (kernel/time/hrtimer.c), on a virtual clock.
 *
 * Programs take no time here: the clock stands still while one runs, and moves between steps from event to event. Two
 * timers started in one run with the same delay so have the same expiry and fire in the order they were started, as
 * they would a few nanoseconds apart. In softirq context a start counts from one nanosecond later, because the pass
 * that is going on has fixed its own time already; what is due again at once waits for the next interrupt.
 */

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

export class Hrtimer {
  readonly base: ClockBase;
  readonly expire: () => void;
  queued = false;
  /** What the queue is ordered by, and what the interrupt is programmed for. */
  expiresNs = 0;
  /** From when on a softirq may run it. */
  softExpiresNs = 0;
  notBeforeNs = 0;
  cpu = 0;

  constructor(base: ClockBase, expire: () => void) {
    this.base = base;
    this.expire = expire;
  }
}

/** ktime_add_safe: a sum that is negative or overflows becomes the end of time. */
function addSafe(a: number, b: number): number {
  const sum = a + b;
  return sum < 0 || sum < a || sum < b || sum >= TWO_TO_63 ? KTIME_MAX : sum;
}

export class Hrtimers {
  /** CLOCK_MONOTONIC. */
  nowNs: number;
  inSoftirq = false;
  /** Every armed timer, by expiry and then by when it was armed. */
  #queue: Hrtimer[] = [];
  readonly #earlyNs: number;

  constructor(startNs: number, earlyNs: number) {
    this.nowNs = startNs;
    this.#earlyNs = earlyNs;
  }

  /** hrtimer_start: arms a timer `ns` from now, or at `ns` on its clock, on this processor; re-arms one that is queued. */
  start(timer: Hrtimer, ns: number, absolute: boolean, cpu: number): void {
    this.cancel(timer);
    const startedNs = this.nowNs + (this.inSoftirq ? 1 : 0);
    timer.softExpiresNs = (absolute ? ns : addSafe(ns, startedNs)) - this.#earlyNs;
    timer.expiresNs = addSafe(timer.softExpiresNs, 0);
    timer.notBeforeNs = this.inSoftirq ? this.nowNs + MIN_DELTA_NS : 0;
    timer.cpu = cpu;
    timer.queued = true;
    let at = this.#queue.length;
    while (at > 0 && (this.#queue[at - 1] as Hrtimer).expiresNs > timer.expiresNs) at--;
    this.#queue.splice(at, 0, timer);
  }

  /** For a fault: every other armed timer comes to expire after `timer`, which is about to be started. */
  putBehind(timer: Hrtimer, ns: number): void {
    for (const other of this.#queue)
      if (other !== timer) other.softExpiresNs = other.expiresNs = Math.max(other.expiresNs, this.nowNs + ns) + 1;
  }

  /** hrtimer_cancel: 1 where the timer was armed, else 0. */
  cancel(timer: Hrtimer): 0 | 1 {
    if (!timer.queued) return 0;
    timer.queued = false;
    this.#queue.splice(this.#queue.indexOf(timer), 1);
    return 1;
  }

  /** When the next timer interrupt comes, at KTIME_MAX never. */
  nextEventNs(): number {
    let next = KTIME_MAX;
    for (const { expiresNs, notBeforeNs } of this.#queue) {
      if (expiresNs >= next) break;
      next = Math.min(next, Math.max(expiresNs, notBeforeNs));
    }
    return next;
  }

  /** Lets time pass up to `untilNs`; softirqs run at each expiry on the way. */
  advance(untilNs: number): void {
    for (let next = this.nextEventNs(); next <= untilNs; next = this.nextEventNs()) {
      this.nowNs = Math.max(this.nowNs, next);
      this.runSoftirq();
    }
    this.nowNs = untilNs;
  }

  /** Runs what has expired by now, as far as the interrupt for it has come. */
  runPending(): void {
    while (this.nextEventNs() <= this.nowNs) this.runSoftirq();
  }

  /**
   * hrtimer_run_softirq: all expired timers of one clock, then of the next, each by expiry. A timer that is not due
   * ends its clock's turn even where a later one's soft expiry has passed.
   */
  runSoftirq(): void {
    const basenowNs = this.nowNs;
    this.inSoftirq = true;
    try {
      for (const base of CLOCK_BASES)
        for (;;) {
          const timer = this.#queue.find((queued) => queued.base === base);
          if (timer === undefined || timer.softExpiresNs > basenowNs) break;
          this.cancel(timer);
          timer.expire();
        }
    } finally {
      this.inSoftirq = false;
    }
  }
}
