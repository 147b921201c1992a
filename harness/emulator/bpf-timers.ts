/** bpf_timer_init, bpf_timer_set_callback, bpf_timer_start and bpf_timer_cancel: kernel/bpf/helpers.c. */
import { ERRNO } from "../../bpf/errno.ts";
import { BPF_F_TIMER_ABS, BPF_F_TIMER_CPU_PIN, CLOCK, MAX_CLOCKS } from "../../bpf/uapi.ts";
import { addressOf } from "./address.ts";
import type { FaultName } from "./faults.ts";
import { type ClockBase, Hrtimer, type Hrtimers } from "./hrtimers.ts";
import type { BpfMap } from "./maps/bpf-map.ts";
import type { Profile } from "./profiles.ts";
import type { LoadedProgram } from "./program.ts";

/** struct bpf_hrtimer: what bpf_timer_init allocates and hangs on the timer in the map's value. */
interface BpfTimer {
  readonly hrtimer: Hrtimer;
  readonly map: BpfMap;
  readonly valueAddress: number;
  /** Whose reference it holds; undefined before set_callback and after cancel. */
  program: LoadedProgram | undefined;
  callback: number | undefined;
  /** For the faults about what a timer still remembers. */
  readonly past: { clock: number; program: LoadedProgram | undefined; hasFired: boolean; wasCancelled: boolean };
}

/** What timers need of the machine they are in. */
export interface TimerHost {
  readonly profile: Profile;
  readonly fault: FaultName | undefined;
  readonly hrtimers: Hrtimers;
  /** The processor that executes now; a callback runs on the one its timer was queued on. */
  cpu: number;
  putProgram(program: LoadedProgram): void;
  /** Whether anyone holds or pins the map whose value this address is in. */
  hasUserReferences(address: number): boolean;
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
  readonly #timers = new Map<number, BpfTimer>();
  /** hrtimer_running: the timer whose callback is executing. */
  #running: BpfTimer | undefined;

  constructor(host: TimerHost) {
    this.#host = host;
  }

  /**
   * bpf_timer_init, called by `program`. `flags` is the 64-bit argument as high and low word. Returns 0 or a negative
   * errno.
   */
  init(
    timerAddress: number,
    map: BpfMap,
    [flagsHigh, flagsLow]: readonly [number, number],
    program: LoadedProgram | undefined,
  ): number {
    const { fault } = this.#host;
    const known = this.#timers.get(timerAddress);
    if (known !== undefined && fault === "init-busy-before-flags") return -ERRNO.EBUSY;
    const clock = flagsLow & (MAX_CLOCKS - 1);
    const reserved = flagsHigh !== 0 || flagsLow >>> 0 >= MAX_CLOCKS;
    if (reserved && fault !== "init-ignores-reserved-flags") return -ERRNO.EINVAL;
    const base = CLOCKS.get(clock) ?? (fault === "init-accepts-any-clock" ? "monotonic" : undefined);
    if (base === undefined) return -ERRNO.EINVAL;
    if (clock === CLOCK.BOOTTIME && fault === "init-rejects-boottime") return -ERRNO.EINVAL;
    if (this.#running !== undefined && fault === "init-refused-in-callbacks") return -ERRNO.EOPNOTSUPP;
    if (known !== undefined) {
      if (fault === "init-counts-per-program" && known.past.program !== program) return 0;
      return fault === "init-twice-allowed" ? 0 : -ERRNO.EBUSY;
    }
    if (fault === "init-per-map" && [...this.#timers.values()].some((other) => other.map === map)) return -ERRNO.EBUSY;
    if (map.userReferences === 0 && fault !== "init-without-user-reference") return -ERRNO.EPERM;
    const hrtimer = new Hrtimer(base, () => this.#expire(timer));
    const timer: BpfTimer = {
      hrtimer,
      map,
      valueAddress: timerAddress - Math.max(map.fields.timerOffset, 0),
      program: undefined,
      callback: undefined,
      past: { clock, program, hasFired: false, wasCancelled: false },
    };
    this.#timers.set(timerAddress, timer);
    return 0;
  }

  /** bpf_timer_set_callback: `callback` is the slot of a function of `program`. Returns 0 or a negative errno. */
  setCallback(timerAddress: number, callback: number, program: LoadedProgram): number {
    const { fault } = this.#host;
    const timer = this.#timers.get(timerAddress);
    if (fault === "set-callback-without-user-reference" && !this.#host.hasUserReferences(timerAddress)) return 0;
    if (timer === undefined) return fault === "set-callback-before-init" ? 0 : -ERRNO.EINVAL;
    if (fault === "set-callback-fails") return -ERRNO.EINVAL;
    if (fault === "set-callback-only-by-initializer" && timer.past.program !== program) return -ERRNO.EINVAL;
    if (timer.map.userReferences === 0) return -ERRNO.EPERM;
    if (timer.callback !== undefined && fault === "first-callback-kept") return 0;
    if (fault === "set-callback-disarms") this.#host.hrtimers.cancel(timer.hrtimer);
    const previous = timer.program;
    if (previous !== undefined && previous !== program && fault === "first-program-kept") return 0;
    if (previous !== program) {
      // bpf_prog_inc_not_zero.
      if (program.references === 0) return -ERRNO.ENOENT;
      program.references++;
      timer.program = program;
      if (previous !== undefined) this.#host.putProgram(previous);
    }
    timer.callback = callback;
    if (fault === "callback-shared-by-map")
      for (const other of this.#timers.values())
        if (other.map === timer.map && other.program === program) other.callback = callback;
    return 0;
  }

  /**
   * bpf_timer_start, called by `program`. `ns` and `flags` are 64-bit arguments as high and low word. Returns 0 or
   * -EINVAL.
   */
  start(
    timerAddress: number,
    [nsHigh, nsLow]: readonly [number, number],
    [flagsHigh, flagsLow]: readonly [number, number],
    program: LoadedProgram,
  ): number {
    const { profile, hrtimers, cpu, fault } = this.#host;
    const hasUnknownFlags = flagsHigh !== 0 || (flagsLow & ~profile.timerStartFlags) !== 0;
    if (hasUnknownFlags && fault !== "start-ignores-unknown-flags") return -ERRNO.EINVAL;
    const timer = this.#timers.get(timerAddress);
    if (timer === undefined) return fault === "start-before-init" ? 0 : -ERRNO.EINVAL;
    if (timer.program === undefined)
      return fault === "start-without-callback" && !timer.past.wasCancelled ? 0 : -ERRNO.EINVAL;
    if (fault === "start-fails" || (fault === "start-only-by-setter" && timer.program !== program))
      return -ERRNO.EINVAL;
    // ns_to_ktime: the same bits, signed.
    const ns = nsHigh * 2 ** 32 + (nsLow >>> 0);
    const isAbsolute = (flagsLow & BPF_F_TIMER_ABS) !== 0;
    if (fault !== undefined && this.#isNotArmed(fault, timer, ns, isAbsolute)) return 0;
    const isFar = (fault === "far-future-fires" && ns > 2 ** 61) || (fault === "negative-fires" && ns < 0);
    if (fault === "start-delays-others") hrtimers.putBehind(timer.hrtimer, ns);
    const isPinned = (flagsLow & BPF_F_TIMER_CPU_PIN) !== 0;
    const onCpu = fault === "pin-ignored" && isPinned ? cpu + 1 : cpu;
    if (fault === "callbacks-nest" && this.#running !== undefined) hrtimers.runPending();
    hrtimers.start(timer.hrtimer, isFar ? 0 : ns, isAbsolute && fault !== "absolute-taken-as-relative", onCpu);
    return 0;
  }

  /** The faults by which a start that succeeds arms nothing. */
  #isNotArmed(fault: FaultName, { hrtimer, past }: BpfTimer, ns: number, isAbsolute: boolean): boolean {
    const { hrtimers } = this.#host;
    const conditions: Partial<Record<FaultName, boolean>> = {
      "restart-ignored": hrtimer.queued,
      "rearm-ignored": this.#running?.hrtimer === hrtimer,
      "zero-never-fires": ns === 0 && !isAbsolute,
      "absolute-past-never-fires": isAbsolute && ns < hrtimers.nowNs,
      "absolute-realtime-never-fires": isAbsolute && past.clock === CLOCK.REALTIME,
      "cancelled-never-fires": past.wasCancelled,
    };
    return conditions[fault] === true;
  }

  /** bpf_timer_cancel: 1 where the timer was armed, 0 where not, or a negative errno. */
  cancel(timerAddress: number): number {
    const { fault, hrtimers } = this.#host;
    const timer = this.#timers.get(timerAddress);
    if (timer === undefined) return fault === "cancel-before-init" ? 0 : -ERRNO.EINVAL;
    const { hrtimer, past } = timer;
    if (this.#running === timer) return fault === "cancel-own-allowed" ? 0 : -ERRNO.EDEADLK;
    if (this.#running !== undefined && fault === "cancel-refused-in-callbacks") return -ERRNO.EDEADLK;
    if (fault === "cancel-does-not-cancel") return hrtimer.queued ? 1 : 0;
    if (fault !== "cancel-keeps-callback") this.#dropProgram(timer);
    const { hasFired, wasCancelled } = past;
    past.wasCancelled = true;
    const wasActive = hrtimers.cancel(hrtimer);
    if (fault === "cancel-frees-timer") this.#timers.delete(timerAddress);
    if (fault === "cancel-returns-zero") return 0;
    if (fault === "cancelled-stays-active" && wasCancelled) return 1;
    if (fault === "fired-stays-active" && hasFired) return 1;
    return fault === "cancel-returns-one" && !hasFired && !wasCancelled ? 1 : wasActive;
  }

  /**
   * bpf_timer_cancel_async: 1 where the timer was armed, 0 where not, -1 while its callback runs, or -EINVAL. Unlike
   * bpf_timer_cancel it leaves the callback set, and what a running callback has armed.
   */
  cancelAsync(timerAddress: number): number {
    const { fault, hrtimers } = this.#host;
    const timer = this.#timers.get(timerAddress);
    if (timer === undefined) return fault === "cancel-async-before-init" ? 0 : -ERRNO.EINVAL;
    if (this.#running === timer) return fault === "cancel-async-own-allowed" ? 0 : -1;
    if (fault === "cancel-async-keeps-armed") return timer.hrtimer.queued ? 1 : 0;
    if (fault === "cancel-async-drops-callback") this.#dropProgram(timer);
    const wasActive = hrtimers.cancel(timer.hrtimer);
    if (fault === "cancel-async-returns-one") return 1;
    return fault === "cancel-async-returns-zero" ? 0 : wasActive;
  }

  /**
   * bpf_timer_cancel_and_free: the element goes, or the map's last user reference. In a callback the kernel leaves the
   * cancelling to a worker; without a callback function the timer could not do anything meanwhile.
   */
  cancelAndFree(timerAddress: number): void {
    const timer = this.#timers.get(timerAddress);
    if (timer === undefined) return;
    this.#timers.delete(timerAddress);
    this.#dropProgram(timer);
    this.#host.hrtimers.cancel(timer.hrtimer);
  }

  /** drop_prog_refcnt. */
  #dropProgram(timer: BpfTimer): void {
    const { program } = timer;
    if (program === undefined) return;
    timer.program = undefined;
    timer.callback = undefined;
    if (this.#host.fault !== "program-never-released") this.#host.putProgram(program);
  }

  /** bpf_timer_cb. */
  #expire(timer: BpfTimer): void {
    const { fault } = this.#host;
    const { map, callback, program, valueAddress } = timer;
    if (callback === undefined || program === undefined || fault === "callback-never-runs") return;
    if (fault === "closed-program-never-runs" && program.references === 1) return;
    if (fault === "callback-serves-one-map" && this.#firstMapOf(program, callback) !== map) return;
    const interrupted = this.#host.cpu;
    this.#running = timer;
    this.#host.cpu = timer.hrtimer.cpu;
    try {
      const key = map.keyAddress(fault === "callback-wrong-key" ? map.otherValue(valueAddress) : valueAddress);
      const value = fault === "callback-wrong-value" ? map.otherValue(valueAddress) : valueAddress;
      const times = fault === "fires-twice" ? 2 : 1;
      for (let time = 0; time < times; time++) this.#host.callCallback(program, callback, map, key, value);
    } finally {
      this.#running = undefined;
      this.#host.cpu = interrupted;
      timer.past.hasFired = true;
      if (fault === "firing-drops-callback") this.#dropProgram(timer);
      if (fault === "firing-frees-timer") this.cancelAndFree(valueAddress + map.fields.timerOffset);
    }
  }

  /** For a fault: the map of the first timer that has this callback. */
  #firstMapOf(program: LoadedProgram, callback: number): BpfMap | undefined {
    return [...this.#timers.values()].find((other) => other.program === program && other.callback === callback)?.map;
  }
}

/** The address that registers hold, from high and low word. */
export function timerAddress(high: number, low: number): number {
  return addressOf(high, low);
}
