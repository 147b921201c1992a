/** Deliberate defects of the emulator, by name. Each is one condition at one place: search for the name to find it. */
export interface Fault {
  /** What the emulator does wrong. */
  readonly summary: string;
  /** The newest kernel version that it is a defect of, where later ones do just this. */
  readonly version?: string;
}

const faultTable = {
  "init-twice-allowed": { summary: "bpf_timer_init of an initialized timer returns 0 instead of -EBUSY" },
  "init-accepts-any-clock": { summary: "bpf_timer_init accepts clocks it has to refuse with -EINVAL" },
  "init-ignores-reserved-flags": { summary: "bpf_timer_init ignores flag bits above the clock id" },
  "init-rejects-boottime": { summary: "bpf_timer_init refuses CLOCK_BOOTTIME with -EINVAL" },
  "init-without-user-reference": { summary: "bpf_timer_init succeeds on a map that nobody holds or pins" },
  "verifier-allows-other-map": { summary: "a program may pass bpf_timer_init another map than the timer's own" },
  "set-callback-fails": { summary: "bpf_timer_set_callback returns -EINVAL on an initialized timer" },
  "set-callback-before-init": { summary: "bpf_timer_set_callback returns 0 on a timer that was never initialized" },
  "set-callback-without-user-reference": {
    summary: "bpf_timer_set_callback returns 0 on a map that nobody holds or pins",
  },
  "callback-wrong-key": { summary: "a callback receives a key that is not its element's" },
  "callback-wrong-value": { summary: "a callback receives a value that is not its element's" },
  "first-callback-kept": { summary: "a second bpf_timer_set_callback returns 0 and changes nothing" },
  "verifier-allows-nonzero-callback": { summary: "a callback that returns something else than 0 loads" },
  "close-keeps-timers": { summary: "closing the last descriptor of a map leaves its timers armed" },
  "unpin-keeps-timers": { summary: "removing the last pin of a map leaves its timers armed" },
  "pin-does-not-hold": { summary: "closing the last descriptor cancels a map's timers although the map is pinned" },
  "verifier-refuses-program-type": { summary: "XDP programs may not call the timer helpers" },
  "cancel-does-not-cancel": { summary: "bpf_timer_cancel reports success and leaves the timer armed" },
  "callback-never-runs": { summary: "an expired timer is dropped without calling its callback" },
  "start-early": { summary: "a timer fires a microsecond before its expiry" },
  "start-fails": { summary: "bpf_timer_start returns -EINVAL on a timer that is ready" },
  "start-before-init": { summary: "bpf_timer_start returns 0 on a timer that was never initialized" },
  "start-without-callback": { summary: "bpf_timer_start returns 0 on a timer whose callback was never set" },
  "start-ignores-unknown-flags": { summary: "bpf_timer_start ignores flags that no kernel knows" },
  "start-only-by-setter": { summary: "bpf_timer_start fails in a program other than the one that set the callback" },
  "start-delays-others": { summary: "bpf_timer_start puts every armed timer behind the one it starts" },
  "restart-ignored": { summary: "bpf_timer_start of an armed timer returns 0 and leaves the expiry as it was" },
  "rearm-ignored": { summary: "bpf_timer_start from the timer's own callback returns 0 and arms nothing" },
  "zero-never-fires": { summary: "bpf_timer_start with 0 ns returns 0 and arms nothing" },
  "far-future-fires": { summary: "a start in the far future fires at once" },
  "negative-fires": { summary: "a start with 2^63 ns or more fires at once" },
  "absolute-taken-as-relative": { summary: "BPF_F_TIMER_ABS is accepted and ignored" },
  "absolute-past-never-fires": { summary: "an absolute start in the past returns 0 and arms nothing" },
  "absolute-realtime-never-fires": {
    summary: "an absolute start of a CLOCK_REALTIME timer returns 0 and arms nothing",
  },
  "pin-ignored": { summary: "BPF_F_TIMER_CPU_PIN is accepted, and the callback runs on another CPU" },
  "firing-drops-callback": { summary: "a timer that has fired has lost its callback" },
  "cancel-returns-one": { summary: "bpf_timer_cancel returns 1 for a timer that was never armed" },
  "cancel-returns-zero": { summary: "bpf_timer_cancel returns 0 for an armed timer" },
  "cancelled-stays-active": { summary: "bpf_timer_cancel returns 1 again for a timer it has cancelled" },
  "fired-stays-active": { summary: "bpf_timer_cancel returns 1 for a timer that has fired" },
  "cancel-before-init": { summary: "bpf_timer_cancel returns 0 on a timer that was never initialized" },
  "cancel-own-allowed": { summary: "bpf_timer_cancel returns 0 from the timer's own callback" },
  "cancel-refused-in-callbacks": { summary: "bpf_timer_cancel returns -EDEADLK from any callback" },
  "cancel-keeps-callback": { summary: "bpf_timer_cancel leaves the callback set, so that start succeeds" },
  "cancelled-never-fires": { summary: "a timer that was cancelled once never fires again" },
  "cancel-async-fails": { summary: "bpf_timer_cancel_async of an initialized timer returns -EINVAL" },
  "cancel-async-returns-one": { summary: "bpf_timer_cancel_async returns 1 for a timer that is not armed" },
  "cancel-async-returns-zero": { summary: "bpf_timer_cancel_async disarms a timer and returns 0" },
  "cancel-async-before-init": { summary: "bpf_timer_cancel_async returns 0 on a timer that was never initialized" },
  "cancel-async-own-allowed": { summary: "bpf_timer_cancel_async returns 0 from the timer's own callback" },
  "cancel-async-keeps-armed": { summary: "bpf_timer_cancel_async returns 1 and leaves the timer armed" },
  "cancel-async-refuses-program-type": { summary: "XDP programs may not call bpf_timer_cancel_async" },
  "tracing-may-use-timer": {
    summary: "programs of the tracing types may use maps with a timer",
    version: "6.19",
  },
  "verifier-allows-variable-offset": { summary: "a timer pointer may have an offset that the verifier cannot know" },
  "verifier-allows-any-offset": { summary: "a timer pointer may point beside the timer" },
  "verifier-allows-timer-load": { summary: "a program may read the bytes of a timer" },
  "verifier-allows-timer-store": { summary: "a program may write the bytes of a timer" },
  "verifier-allows-timer-under-lock": { summary: "the timer helpers may be called while a spin lock is held" },
  "verifier-allows-timer-without-btf": { summary: "a timer may be used in a map that was created without BTF" },
  "verifier-allows-two-timers": { summary: "a value with two timers is taken to have the one that is used" },
  "verifier-allows-other-inner-map": { summary: "a timer of one inner map may be initialized with another inner map" },
  "lru-hash-refuses-timer": { summary: "an LRU hash map with a timer cannot be created" },
  "per-cpu-map-allows-timer": { summary: "a per-CPU map with a timer can be created" },
  "map-refuses-flag-with-timer": { summary: "BPF_F_NO_PREALLOC is refused for a map with a timer" },
  "read-only-map-allows-timer": { summary: "BPF_F_RDONLY_PROG is accepted for a map with a timer" },
  "write-only-map-allows-timer": { summary: "BPF_F_WRONLY_PROG is accepted for a map with a timer" },
  "load-ignores-capability": { summary: "a process without CAP_BPF may load programs" },
  "fires-twice": { summary: "an expired timer calls its callback twice" },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faultTable;

/** Every fault, by the name that `emulator+fault=NAME` takes. */
export const faults: Readonly<Record<FaultName, Fault>> = faultTable;

/** Whether a text is the name of a fault. */
export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faults, name);
}
