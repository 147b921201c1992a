/** Faults of bpf_timer_init. */
import { ERRNO } from "../../../bpf/errno.ts";
import { CLOCK, MAX_CLOCKS } from "../../../bpf/uapi.ts";
import type { BpfTimer } from "../bpf-timers.ts";
import type { Kernel } from "../kernel.ts";
import type { Fault, Faults } from "./fault.ts";
import { watchCaller, wrap } from "./hooks.ts";
import { watchPast } from "./past.ts";

const isReserved = (high: number, low: number): boolean => high !== 0 || low >>> 0 >= MAX_CLOCKS;

/** A bpf_timer_init that is refused changes a timer that is initialized. */
const whenRefused = (errno: number, summary: string, change: (kernel: Kernel, timer: BpfTimer) => void): Fault => ({
  summary,
  install({ kernel }) {
    wrap(kernel.timers, "init", (next, address, ...args) => {
      const result = next(address, ...args);
      const timer = kernel.timers.timers.get(address);
      if (result === -errno && timer !== undefined) change(kernel, timer);
      return result;
    });
  },
});

export const initFaults = {
  "init-twice-allowed": {
    summary: "bpf_timer_init of an initialized timer returns 0 instead of -EBUSY",
    install({ kernel }) {
      wrap(kernel.timers, "init", (next, ...args) => {
        const result = next(...args);
        return result === -ERRNO.EBUSY ? 0 : result;
      });
    },
  },
  "init-accepts-any-clock": {
    summary: "bpf_timer_init accepts clocks it has to refuse with -EINVAL",
    install({ kernel }) {
      const known: ReadonlySet<number> = new Set([CLOCK.REALTIME, CLOCK.MONOTONIC, CLOCK.BOOTTIME]);
      wrap(kernel.timers, "init", (next, address, map, [high, low]) => {
        const isUnknown = !isReserved(high, low) && !known.has(low);
        return next(address, map, [high, isUnknown ? CLOCK.MONOTONIC : low]);
      });
    },
  },
  "init-ignores-reserved-flags": {
    summary: "bpf_timer_init ignores flag bits above the clock id",
    install({ kernel }) {
      wrap(kernel.timers, "init", (next, address, map, [, low]) => next(address, map, [0, low & (MAX_CLOCKS - 1)]));
    },
  },
  "init-rejects-boottime": {
    summary: "bpf_timer_init refuses CLOCK_BOOTTIME with -EINVAL",
    install({ kernel }) {
      wrap(kernel.timers, "init", (next, address, map, [high, low]) =>
        high === 0 && low === CLOCK.BOOTTIME ? -ERRNO.EINVAL : next(address, map, [high, low]),
      );
    },
  },
  "init-without-user-reference": {
    summary: "bpf_timer_init succeeds on a map that nobody holds or pins",
    install({ kernel }) {
      wrap(kernel.timers, "init", (next, address, map, flags) => {
        const { userReferences } = map;
        map.userReferences = Math.max(userReferences, 1);
        const result = next(address, map, flags);
        map.userReferences = userReferences;
        return result;
      });
    },
  },
  "init-busy-before-flags": {
    summary: "bpf_timer_init looks for the timer before it looks at flags",
    install({ kernel: { timers } }) {
      wrap(timers, "init", (next, address, ...args) =>
        timers.timers.has(address) ? -ERRNO.EBUSY : next(address, ...args),
      );
    },
  },
  "init-per-map": {
    summary: "bpf_timer_init returns -EBUSY where any timer of the map is initialized",
    install({ kernel: { timers } }) {
      wrap(timers, "init", (next, address, map, flags) => {
        const isTaken = [...timers.timers.values()].some((other) => other.map === map);
        const result = next(address, map, flags);
        if (result !== 0 || !isTaken) return result;
        timers.cancelAndFree(address);
        return -ERRNO.EBUSY;
      });
    },
  },
  "init-counts-per-program": {
    summary: "bpf_timer_init returns 0 for a timer that another program initialized",
    install(machine) {
      const { timers } = machine.kernel;
      const { initializer } = watchPast(machine);
      const callerOf = watchCaller(machine);
      wrap(timers, "init", (next, address, ...args) => {
        const known = timers.timers.get(address);
        const result = next(address, ...args);
        const isAnothers = known !== undefined && initializer.get(known) !== callerOf();
        return result === -ERRNO.EBUSY && isAnothers ? 0 : result;
      });
    },
  },
  "init-refused-in-callbacks": {
    summary: "bpf_timer_init returns -EOPNOTSUPP from a callback",
    install({ kernel: { timers } }) {
      wrap(timers, "init", (next, address, ...args) => {
        const result = next(address, ...args);
        if (timers.running === undefined || result === -ERRNO.EINVAL) return result;
        if (result === 0) timers.cancelAndFree(address);
        return -ERRNO.EOPNOTSUPP;
      });
    },
  },
  "init-needs-descriptor": {
    summary: "bpf_timer_init returns -EPERM for a map that is pinned and that no descriptor holds",
    install({ kernel, user }) {
      wrap(kernel.timers, "init", (next, address, map, flags) => {
        const result = next(address, map, flags);
        if (result !== 0 || [...user.mapDescriptors.values()].includes(map)) return result;
        kernel.timers.cancelAndFree(address);
        return -ERRNO.EPERM;
      });
    },
  },
  "init-without-effect": {
    summary: "bpf_timer_init returns 0 and leaves the timer uninitialized",
    install({ kernel: { timers } }) {
      wrap(timers, "init", (next, address, ...args) => {
        const result = next(address, ...args);
        if (result === 0) timers.cancelAndFree(address);
        return result;
      });
    },
  },
  "init-own-allowed": {
    summary: "bpf_timer_init returns 0 for the timer whose callback runs",
    install({ kernel: { timers } }) {
      wrap(timers, "init", (next, address, ...args) => {
        const result = next(address, ...args);
        return result === -ERRNO.EBUSY && timers.running === timers.timers.get(address) ? 0 : result;
      });
    },
  },
  "init-again-allowed-in-callbacks": {
    summary: "bpf_timer_init of an initialized timer returns 0 in callbacks of other timers",
    install({ kernel: { timers } }) {
      wrap(timers, "init", (next, address, ...args) => {
        const result = next(address, ...args);
        const { running } = timers;
        return result === -ERRNO.EBUSY && running !== undefined && running !== timers.timers.get(address) ? 0 : result;
      });
    },
  },
  "init-again-drops-callback": whenRefused(
    ERRNO.EBUSY,
    "bpf_timer_init of an initialized timer takes away its callback",
    ({ timers }, timer) => {
      if (!timer.hrtimer.queued) timers.dropProgram(timer);
    },
  ),
  "init-again-disarms": whenRefused(
    ERRNO.EBUSY,
    "bpf_timer_init of an initialized timer disarms it",
    ({ hrtimers }, timer) => void hrtimers.cancel(timer.hrtimer),
  ),
  "init-refused-drops-callback": whenRefused(
    ERRNO.EINVAL,
    "bpf_timer_init with wrong flags takes away the callback of an initialized timer",
    ({ timers }, timer) => {
      if (!timer.hrtimer.queued) timers.dropProgram(timer);
    },
  ),
  "init-refused-disarms": whenRefused(
    ERRNO.EINVAL,
    "bpf_timer_init with wrong flags disarms an initialized timer",
    ({ hrtimers }, timer) => void hrtimers.cancel(timer.hrtimer),
  ),
  "init-refused-clock-initializes": {
    summary: "bpf_timer_init with a clock that no timer may have returns -EINVAL and initializes the timer",
    install({ kernel }) {
      wrap(kernel.timers, "init", (next, address, map, [high, low]) => {
        const result = next(address, map, [high, low]);
        if (result === -ERRNO.EINVAL && !isReserved(high, low)) next(address, map, [0, CLOCK.MONOTONIC]);
        return result;
      });
    },
  },
  "init-refused-flags-initializes": {
    summary: "bpf_timer_init with a reserved bit returns -EINVAL and initializes the timer",
    install({ kernel }) {
      wrap(kernel.timers, "init", (next, address, map, [high, low]) => {
        const result = next(address, map, [high, low]);
        if (result === -ERRNO.EINVAL && isReserved(high, low)) next(address, map, [0, CLOCK.MONOTONIC]);
        return result;
      });
    },
  },
  "init-unreferenced-initializes": {
    summary: "bpf_timer_init on a map that nobody holds or pins returns -EPERM and initializes the timer",
    install({ kernel }) {
      wrap(kernel.timers, "init", (next, address, map, flags) => {
        const result = next(address, map, flags);
        if (result !== -ERRNO.EPERM) return result;
        map.userReferences++;
        next(address, map, flags);
        map.userReferences--;
        return result;
      });
    },
  },
} as const satisfies Faults;
