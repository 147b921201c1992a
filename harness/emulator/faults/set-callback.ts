/** Faults of bpf_timer_set_callback. */
import { ERRNO } from "../../../bpf/errno.ts";
import type { BpfMap } from "../maps/bpf-map.ts";
import type { LoadedProgram } from "../program.ts";
import type { Faults } from "./fault.ts";
import { wrap } from "./hooks.ts";
import { watchPast } from "./past.ts";

/** Far more than any runtime is late. */
const PUT_OFF_NS = 5_000_000;

export const setCallbackFaults = {
  "set-callback-fails": {
    summary: "bpf_timer_set_callback returns -EINVAL on an initialized timer",
    install({ kernel }) {
      wrap(kernel.timers, "setCallback", () => -ERRNO.EINVAL);
    },
  },
  "set-callback-before-init": {
    summary: "bpf_timer_set_callback returns 0 on a timer that was never initialized",
    install({ kernel: { timers } }) {
      wrap(timers, "setCallback", (next, address, ...args) =>
        timers.timers.has(address) ? next(address, ...args) : 0,
      );
    },
  },
  "set-callback-without-user-reference": {
    summary: "bpf_timer_set_callback returns 0 on a map that nobody holds or pins",
    install({ kernel: { timers } }) {
      const maps = new Map<number, BpfMap>();
      wrap(timers, "init", (next, address, map, flags) => {
        maps.set(address, map);
        return next(address, map, flags);
      });
      wrap(timers, "setCallback", (next, address, ...args) =>
        maps.get(address)?.userReferences === 0 ? 0 : next(address, ...args),
      );
    },
  },
  "first-callback-kept": {
    summary: "a second bpf_timer_set_callback returns 0 and changes nothing",
    install({ kernel: { timers } }) {
      wrap(timers, "setCallback", (next, address, ...args) => {
        const timer = timers.timers.get(address);
        const isSet = timer?.callback !== undefined && timer.map.userReferences > 0;
        return isSet ? 0 : next(address, ...args);
      });
    },
  },
  "first-program-kept": {
    summary: "a timer keeps its callback when another program sets one",
    install({ kernel: { timers } }) {
      wrap(timers, "setCallback", (next, address, callback, program) => {
        const timer = timers.timers.get(address);
        const isAnothers = timer?.program !== undefined && timer.program !== program && timer.map.userReferences > 0;
        return isAnothers ? 0 : next(address, callback, program);
      });
    },
  },
  "set-callback-only-by-initializer": {
    summary: "bpf_timer_set_callback fails in a program other than the one that initialized the timer",
    install(machine) {
      const { timers } = machine.kernel;
      const { initializer } = watchPast(machine);
      wrap(timers, "setCallback", (next, address, callback, program) => {
        const timer = timers.timers.get(address);
        const isAnothers = timer !== undefined && initializer.get(timer) !== program;
        return isAnothers ? -ERRNO.EINVAL : next(address, callback, program);
      });
    },
  },
  "set-callback-disarms": {
    summary: "bpf_timer_set_callback cancels an armed timer",
    install({ kernel: { timers, hrtimers } }) {
      wrap(timers, "setCallback", (next, address, ...args) => {
        const result = next(address, ...args);
        const timer = timers.timers.get(address);
        if (result === 0 && timer !== undefined) hrtimers.cancel(timer.hrtimer);
        return result;
      });
    },
  },
  "callback-shared-by-map": {
    summary: "bpf_timer_set_callback sets the callback of all timers of the map",
    install({ kernel: { timers } }) {
      wrap(timers, "setCallback", (next, address, callback, program) => {
        const result = next(address, callback, program);
        const map = timers.timers.get(address)?.map;
        if (result === 0)
          for (const other of timers.timers.values())
            if (other.map === map && other.program === program) other.callback = callback;
        return result;
      });
    },
  },
  "set-callback-needs-descriptor": {
    summary: "bpf_timer_set_callback returns -EPERM for a map that is pinned and that no descriptor holds",
    install({ kernel: { timers }, user }) {
      wrap(timers, "setCallback", (next, address, ...args) => {
        const map = timers.timers.get(address)?.map;
        const isHeld = map === undefined || [...user.mapDescriptors.values()].includes(map);
        return isHeld ? next(address, ...args) : -ERRNO.EPERM;
      });
    },
  },
  "set-callback-without-effect": {
    summary: "bpf_timer_set_callback returns 0 and sets nothing",
    install({ kernel: { timers } }) {
      wrap(timers, "setCallback", (next, address, ...args) =>
        (timers.timers.get(address)?.map.userReferences ?? 0) > 0 ? 0 : next(address, ...args),
      );
    },
  },
  "set-callback-remembered": {
    summary: "a bpf_timer_set_callback that is refused takes effect once the timer is initialized",
    install({ kernel: { timers } }) {
      const remembered = new Map<number, [callback: number, program: LoadedProgram]>();
      wrap(timers, "setCallback", (next, address, callback, program) => {
        const result = next(address, callback, program);
        if (result === -ERRNO.EINVAL) remembered.set(address, [callback, program]);
        return result;
      });
      wrap(timers, "init", (next, address, ...args) => {
        const result = next(address, ...args);
        const early = remembered.get(address);
        if (result === 0 && early !== undefined) timers.setCallback(address, ...early);
        return result;
      });
    },
  },
  "set-callback-restarts": {
    summary: "bpf_timer_set_callback puts the expiry of an armed timer off",
    install({ kernel: { timers, hrtimers } }) {
      wrap(timers, "setCallback", (next, address, ...args) => {
        const result = next(address, ...args);
        const hrtimer = timers.timers.get(address)?.hrtimer;
        if (result !== 0 || hrtimer?.queued !== true) return result;
        hrtimers.cancel(hrtimer);
        hrtimer.softExpiresNs += PUT_OFF_NS;
        hrtimer.expiresNs += PUT_OFF_NS;
        hrtimers.enqueue(hrtimer);
        return result;
      });
    },
  },
  "replaced-program-kept": {
    summary: "a timer keeps its reference of the program whose callback another program's replaces",
    install({ kernel: { timers } }) {
      wrap(timers, "setCallback", (next, address, callback, program) => {
        const previous = timers.timers.get(address)?.program;
        const result = next(address, callback, program);
        if (result === 0 && previous !== undefined && previous !== program) previous.references++;
        return result;
      });
    },
  },
  "set-callback-fails-after-cancel": {
    summary: "bpf_timer_set_callback returns -EINVAL for a timer that was cancelled",
    install(machine) {
      const { timers } = machine.kernel;
      const { cancelled } = watchPast(machine);
      wrap(timers, "setCallback", (next, address, ...args) => {
        const timer = timers.timers.get(address);
        return timer !== undefined && cancelled.has(timer) ? -ERRNO.EINVAL : next(address, ...args);
      });
    },
  },
  "set-callback-refused-in-own-callback": {
    summary: "bpf_timer_set_callback returns -EDEADLK from the timer's own callback",
    install({ kernel: { timers } }) {
      wrap(timers, "setCallback", (next, address, ...rest) => {
        const isOwn = timers.running !== undefined && timers.timers.get(address) === timers.running;
        return isOwn ? -ERRNO.EDEADLK : next(address, ...rest);
      });
    },
  },
  "set-callback-refused-in-callbacks": {
    summary: "bpf_timer_set_callback returns -EOPNOTSUPP from a callback",
    install({ kernel: { timers } }) {
      wrap(timers, "setCallback", (next, ...args) =>
        timers.running === undefined ? next(...args) : -ERRNO.EOPNOTSUPP,
      );
    },
  },
} as const satisfies Faults;
