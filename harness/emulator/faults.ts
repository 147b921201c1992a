/** Deliberate defects of the emulator, by name. Each is one condition at one place: search for the name to find it. */
export interface Fault {
  /** What the emulator does wrong. */
  readonly summary: string;
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
  "fires-twice": { summary: "an expired timer calls its callback twice" },
} as const satisfies Record<string, Fault>;

export type FaultName = keyof typeof faultTable;

/** Every fault, by the name that `emulator+fault=NAME` takes. */
export const faults: Readonly<Record<FaultName, Fault>> = faultTable;

/** Whether a text is the name of a fault. */
export function isFaultName(name: string): name is FaultName {
  return Object.hasOwn(faults, name);
}
