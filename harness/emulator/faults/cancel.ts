/** Faults of bpf_timer_cancel. */
import { ERRNO } from "../../../bpf/errno.ts";
import type { Faults } from "./fault.ts";
import { wrap } from "./hooks.ts";
import { watchPast } from "./past.ts";

export const cancelFaults = {
  "cancel-does-not-cancel": {
    summary: "bpf_timer_cancel reports success and leaves the timer armed",
    install({ kernel: { timers } }) {
      wrap(timers, "cancel", (next, address) => {
        const timer = timers.timers.get(address);
        if (timer === undefined || timers.running === timer) return next(address);
        return timer.hrtimer.queued ? 1 : 0;
      });
    },
  },
  "cancel-returns-one": {
    summary: "bpf_timer_cancel returns 1 for a timer that was never armed",
    install(machine) {
      const { timers } = machine.kernel;
      const { fired, cancelled } = watchPast(machine);
      wrap(timers, "cancel", (next, address) => {
        const timer = timers.timers.get(address);
        const isNew = timer !== undefined && !fired.has(timer) && !cancelled.has(timer);
        const result = next(address);
        return result === 0 && isNew ? 1 : result;
      });
    },
  },
  "cancel-returns-zero": {
    summary: "bpf_timer_cancel returns 0 for an armed timer",
    install({ kernel }) {
      wrap(kernel.timers, "cancel", (next, address) => Math.min(next(address), 0));
    },
  },
  "cancelled-stays-active": {
    summary: "bpf_timer_cancel returns 1 again for a timer it has cancelled",
    install(machine) {
      const { timers } = machine.kernel;
      const { cancelled } = watchPast(machine);
      wrap(timers, "cancel", (next, address) => {
        const timer = timers.timers.get(address);
        const wasCancelled = timer !== undefined && cancelled.has(timer);
        const result = next(address);
        return result === 0 && wasCancelled ? 1 : result;
      });
    },
  },
  "fired-stays-active": {
    summary: "bpf_timer_cancel returns 1 for a timer that has fired",
    install(machine) {
      const { timers } = machine.kernel;
      const { fired } = watchPast(machine);
      wrap(timers, "cancel", (next, address) => {
        const timer = timers.timers.get(address);
        const result = next(address);
        return result === 0 && timer !== undefined && fired.has(timer) ? 1 : result;
      });
    },
  },
  "cancel-before-init": {
    summary: "bpf_timer_cancel returns 0 on a timer that was never initialized",
    install({ kernel: { timers } }) {
      wrap(timers, "cancel", (next, address) => (timers.timers.has(address) ? next(address) : 0));
    },
  },
  "cancel-own-allowed": {
    summary: "bpf_timer_cancel returns 0 from the timer's own callback",
    install({ kernel }) {
      wrap(kernel.timers, "cancel", (next, address) => {
        const result = next(address);
        return result === -ERRNO.EDEADLK ? 0 : result;
      });
    },
  },
  "cancel-own-cancels": {
    summary: "bpf_timer_cancel from the timer's own callback returns -EDEADLK and cancels the timer",
    install({ kernel: { timers, hrtimers } }) {
      wrap(timers, "cancel", (next, address) => {
        const timer = timers.timers.get(address);
        if (timer !== undefined && timer === timers.running) hrtimers.cancel(timer.hrtimer);
        return next(address);
      });
    },
  },
  "cancel-only-drops-callback": {
    summary: "bpf_timer_cancel takes the callback away and leaves the timer armed",
    install({ kernel: { timers } }) {
      wrap(timers, "cancel", (next, address) => {
        const timer = timers.timers.get(address);
        if (timer === undefined || timer === timers.running) return next(address);
        timers.dropProgram(timer);
        return timer.hrtimer.queued ? 1 : 0;
      });
    },
  },
  "cancel-with-interrupts-off-invalid": {
    summary: "bpf_timer_cancel returns -EINVAL with interrupts off",
    install({ kernel }) {
      wrap(kernel.timers, "cancel", (next, address) => (kernel.interruptsAreOff ? -ERRNO.EINVAL : next(address)));
    },
  },
  "cancel-with-interrupts-off-cancels": {
    summary: "bpf_timer_cancel returns -EOPNOTSUPP with interrupts off and cancels the timer",
    install({ kernel }) {
      const { timers, hrtimers } = kernel;
      wrap(timers, "cancel", (next, address) => {
        const timer = timers.timers.get(address);
        if (kernel.interruptsAreOff && timer !== undefined) hrtimers.cancel(timer.hrtimer);
        return next(address);
      });
    },
  },
  "cancel-refused-in-callbacks": {
    summary: "bpf_timer_cancel returns -EDEADLK from any callback",
    install({ kernel: { timers } }) {
      wrap(timers, "cancel", (next, address) =>
        timers.running !== undefined && timers.timers.has(address) ? -ERRNO.EDEADLK : next(address),
      );
    },
  },
  "cancel-keeps-callback": {
    summary: "bpf_timer_cancel leaves the callback set, so that start succeeds",
    install({ kernel: { timers } }) {
      let isCancelling = false;
      wrap(timers, "dropProgram", (next, timer) => {
        if (!isCancelling) next(timer);
      });
      wrap(timers, "cancel", (next, address) => {
        isCancelling = true;
        const result = next(address);
        isCancelling = false;
        return result;
      });
    },
  },
  "cancel-frees-timer": {
    summary: "bpf_timer_cancel leaves the timer uninitialized",
    install({ kernel: { timers } }) {
      wrap(timers, "cancel", (next, address) => {
        const result = next(address);
        if (result >= 0) timers.cancelAndFree(address);
        return result;
      });
    },
  },
} as const satisfies Faults;
