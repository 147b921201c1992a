/** Faults of bpf_timer_cancel_async. */
import { ERRNO } from "../../../bpf/errno.ts";
import type { Faults } from "./fault.ts";
import { wrap } from "./hooks.ts";

export const cancelAsyncFaults = {
  "cancel-async-returns-one": {
    summary: "bpf_timer_cancel_async returns 1 for a timer that is not armed",
    install({ kernel }) {
      wrap(kernel.timers, "cancelAsync", (next, address) => next(address) || 1);
    },
  },
  "cancel-async-returns-zero": {
    summary: "bpf_timer_cancel_async disarms a timer and returns 0",
    install({ kernel }) {
      wrap(kernel.timers, "cancelAsync", (next, address) => Math.min(next(address), 0));
    },
  },
  "cancel-async-before-init": {
    summary: "bpf_timer_cancel_async returns 0 on a timer that was never initialized",
    install({ kernel: { timers } }) {
      wrap(timers, "cancelAsync", (next, address) => (timers.timers.has(address) ? next(address) : 0));
    },
  },
  "cancel-async-own-allowed": {
    summary: "bpf_timer_cancel_async returns 0 from the timer's own callback",
    install({ kernel: { timers } }) {
      wrap(timers, "cancelAsync", (next, address) => {
        const isOwn = timers.running !== undefined && timers.timers.get(address) === timers.running;
        return isOwn ? 0 : next(address);
      });
    },
  },
  "cancel-async-refused-in-callbacks": {
    summary: "bpf_timer_cancel_async returns -1 from every callback, as if its own timer's were running",
    install({ kernel: { timers } }) {
      wrap(timers, "cancelAsync", (next, address) => (timers.running === undefined ? next(address) : -1));
    },
  },
  "cancel-async-own-cancels": {
    summary: "bpf_timer_cancel_async from the timer's own callback returns -1 and cancels the timer",
    install({ kernel: { timers, hrtimers } }) {
      wrap(timers, "cancelAsync", (next, address) => {
        const timer = timers.timers.get(address);
        if (timer !== undefined && timer === timers.running) hrtimers.cancel(timer.hrtimer);
        return next(address);
      });
    },
  },
  "cancel-async-never-defers": {
    summary: "bpf_timer_cancel_async cancels at once with interrupts off, and says so",
    install({ kernel }) {
      const { timers, hrtimers } = kernel;
      wrap(timers, "cancelAsync", (next, address) => {
        const timer = timers.timers.get(address);
        if (!kernel.interruptsAreOff || timer === undefined) return next(address);
        return hrtimers.cancel(timer.hrtimer);
      });
    },
  },
  "cancel-async-deferred-lost": {
    summary: "bpf_timer_cancel_async returns -ECANCELED with interrupts off and leaves the timer armed for ever",
    install({ kernel }) {
      const { timers } = kernel;
      wrap(timers, "cancelAsync", (next, address) =>
        kernel.interruptsAreOff && timers.timers.has(address) ? -ERRNO.ECANCELED : next(address),
      );
    },
  },
  "cancel-async-keeps-armed": {
    summary: "bpf_timer_cancel_async returns 1 and leaves the timer armed",
    install({ kernel: { timers } }) {
      wrap(timers, "cancelAsync", (next, address) => {
        const timer = timers.timers.get(address);
        if (timer === undefined || timer === timers.running) return next(address);
        return timer.hrtimer.queued ? 1 : 0;
      });
    },
  },
  "cancel-async-drops-callback": {
    summary: "bpf_timer_cancel_async takes the timer's callback away",
    install({ kernel: { timers } }) {
      wrap(timers, "cancelAsync", (next, address) => {
        const timer = timers.timers.get(address);
        if (timer !== undefined && timer !== timers.running) timers.dropProgram(timer);
        return next(address);
      });
    },
  },
} as const satisfies Faults;
