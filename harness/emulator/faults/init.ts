/** Faults of bpf_timer_init. */
import { ERRNO } from "../../../bpf/errno.ts";
import { CLOCK, MAX_CLOCKS } from "../../../bpf/uapi.ts";
import type { Faults } from "./fault.ts";
import { watchCaller, wrap } from "./hooks.ts";
import { watchPast } from "./past.ts";

const isReserved = (high: number, low: number): boolean => high !== 0 || low >>> 0 >= MAX_CLOCKS;

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
} as const satisfies Faults;
