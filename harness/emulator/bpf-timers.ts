/** bpf_timer_init, bpf_timer_set_callback, bpf_timer_start and bpf_timer_cancel: kernel/bpf/helpers.c. */
import { ERRNO } from "../../bpf/errno.ts";
import { BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN, CLOCK, MAX_CLOCKS } from "../../bpf/uapi.ts";
import { type ClockBase, HRTIMER_MODE, Hrtimer, type Hrtimers } from "./hrtimers.ts";
import type { BpfMap } from "./maps/bpf-map.ts";
import type { Profile } from "./profiles.ts";
import type { LoadedProgram } from "./program.ts";

/** struct bpf_hrtimer: what bpf_timer_init allocates and hangs on the timer in the map's value. */
export interface BpfTimer {
  readonly hrtimer: Hrtimer;
  readonly map: BpfMap;
  readonly valueAddress: number;
  /** Whose reference it holds; undefined before set_callback and after cancel. */
  program: LoadedProgram | undefined;
  callback: number | undefined;
}

/** A 64-bit argument as high and low word. */
export type U64Words = readonly [high: number, low: number];

/** What timers need of the machine they are in. */
export interface TimerHost {
  readonly profile: Profile;
  readonly hrtimers: Hrtimers;
  /** The processor that executes now; a callback runs on the one its timer was queued on. */
  cpu: number;
  putProgram(program: LoadedProgram): void;
  /** Does something now, or, where a helper must not do it with interrupts off, once they are on again (irq_work). */
  defer(act: () => void): void;
  /** irqs_disabled. */
  readonly interruptsAreOff: boolean;
  /** Calls `callback(map, key, value)` of a program. */
  callCallback(program: LoadedProgram, callback: number, map: BpfMap, keyAddress: number, valueAddress: number): void;
}

/** The clocks bpf_timer_init accepts, and the base each ends up on. */
const CLOCKS: ReadonlyMap<number, ClockBase> = new Map([
  [CLOCK.MONOTONIC, "monotonic"],
  [CLOCK.REALTIME, "monotonic"],
  [CLOCK.BOOTTIME, "boottime"],
]);

export class BpfTimers {
  readonly #host: TimerHost;
  /** By the address of the struct bpf_timer in the value. */
  readonly timers = new Map<number, BpfTimer>();
  /** hrtimer_running: the timer whose callback is executing. */
  running: BpfTimer | undefined;

  constructor(host: TimerHost) {
    this.#host = host;
  }

  /** bpf_timer_init: 0 or a negative errno. */
  init(timerAddress: number, map: BpfMap, [high, low]: U64Words): number {
    if (high !== 0 || low >>> 0 >= MAX_CLOCKS) return -ERRNO.EINVAL;
    const base = CLOCKS.get(low);
    if (base === undefined) return -ERRNO.EINVAL;
    if (this.timers.has(timerAddress)) return -ERRNO.EBUSY;
    if (map.userReferences === 0) return -ERRNO.EPERM;
    const timer: BpfTimer = {
      hrtimer: new Hrtimer(base, () => this.expire(timer)),
      map,
      valueAddress: timerAddress - Math.max(map.fields.timerOffset, 0),
      program: undefined,
      callback: undefined,
    };
    this.timers.set(timerAddress, timer);
    return 0;
  }

  /** bpf_timer_set_callback: `callback` is the slot of a function of `program`. Returns 0 or a negative errno. */
  setCallback(timerAddress: number, callback: number, program: LoadedProgram): number {
    const timer = this.timers.get(timerAddress);
    if (timer === undefined) return -ERRNO.EINVAL;
    if (timer.map.userReferences === 0) return -ERRNO.EPERM;
    const previous = timer.program;
    if (previous !== program) {
      // bpf_prog_inc_not_zero.
      if (program.references === 0) return -ERRNO.ENOENT;
      program.references++;
      timer.program = program;
      if (previous !== undefined) this.#host.putProgram(previous);
    }
    timer.callback = callback;
    return 0;
  }

  /** bpf_timer_start: 0 or -EINVAL. */
  start(timerAddress: number, [nsHigh, nsLow]: U64Words, [high, flags]: U64Words): number {
    const { profile, hrtimers, cpu } = this.#host;
    if (high !== 0 || (flags & ~profile.timerStartFlags) !== 0) return -ERRNO.EINVAL;
    const timer = this.timers.get(timerAddress);
    if (timer === undefined || timer.program === undefined) return -ERRNO.EINVAL;
    const mode =
      ((flags & BPF_F_TIMER_ABS) !== 0 ? HRTIMER_MODE.abs : HRTIMER_MODE.rel) |
      ((flags & BPF_F_TIMER_CPU_PIN) !== 0 ? HRTIMER_MODE.pinned : 0);
    // ns_to_ktime: the same bits, signed.
    const ns = nsHigh * 2 ** 32 + (nsLow >>> 0);
    if (this.#defers()) this.#host.defer(() => hrtimers.start(timer.hrtimer, ns, mode, cpu));
    else hrtimers.start(timer.hrtimer, ns, mode, cpu);
    return 0;
  }

  /** bpf_timer_cancel: 1 where the timer was armed, 0 where not, or a negative errno. */
  cancel(timerAddress: number): number {
    if (this.#defers()) return -ERRNO.EOPNOTSUPP;
    const timer = this.timers.get(timerAddress);
    if (timer === undefined) return -ERRNO.EINVAL;
    if (this.running === timer) return -ERRNO.EDEADLK;
    this.dropProgram(timer);
    return this.#host.hrtimers.cancel(timer.hrtimer);
  }

  /**
   * bpf_timer_cancel_async: 1 where the timer was armed, 0 where not, -1 while its callback runs, -ECANCELED where it
   * is left to an interrupt, or -EINVAL. Unlike bpf_timer_cancel it leaves the callback set, and what a running callback
   * has armed.
   */
  cancelAsync(timerAddress: number): number {
    const timer = this.timers.get(timerAddress);
    if (timer === undefined) return -ERRNO.EINVAL;
    const tryToCancel = (): number => (this.running === timer ? -1 : this.#host.hrtimers.cancel(timer.hrtimer));
    if (!this.#defers()) return tryToCancel();
    this.#host.defer(tryToCancel);
    return -ERRNO.ECANCELED;
  }

  /** defer_timer_wq_op. */
  #defers(): boolean {
    return this.#host.profile.defersWithInterruptsOff && this.#host.interruptsAreOff;
  }

  /**
   * bpf_timer_cancel_and_free: the element goes, or the map's last user reference. In a callback the kernel leaves the
   * cancelling to a worker; without a callback function the timer could not do anything meanwhile.
   */
  cancelAndFree(timerAddress: number): void {
    const timer = this.timers.get(timerAddress);
    if (timer === undefined) return;
    this.timers.delete(timerAddress);
    this.dropProgram(timer);
    if (this.#defers()) this.#host.defer(() => this.#host.hrtimers.cancel(timer.hrtimer));
    else this.#host.hrtimers.cancel(timer.hrtimer);
  }

  /** drop_prog_refcnt. */
  dropProgram(timer: BpfTimer): void {
    const { program } = timer;
    if (program === undefined) return;
    timer.program = undefined;
    timer.callback = undefined;
    this.#host.putProgram(program);
  }

  /** bpf_timer_cb. */
  expire(timer: BpfTimer): void {
    const { map, callback, program, valueAddress } = timer;
    if (callback === undefined || program === undefined) return;
    const interrupted = this.#host.cpu;
    this.running = timer;
    this.#host.cpu = timer.hrtimer.cpu;
    try {
      this.#host.callCallback(program, callback, map, map.keyAddress(valueAddress), valueAddress);
    } finally {
      this.running = undefined;
      this.#host.cpu = interrupted;
    }
  }
}
