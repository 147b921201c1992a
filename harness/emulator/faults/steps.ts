/** Faults of the system calls that a scenario's steps make: maps, programs, pins, processes, and time. */
import { ERRNO } from "../../../bpf/errno.ts";
import type { PlainStep } from "../../../scenario/compiled-scenario.ts";
import { type Effect, keyOf } from "../user-space.ts";
import type { Fault, Faults } from "./fault.ts";
import { onStep, wrap } from "./hooks.ts";

const INVALID: Effect = { result: -ERRNO.EINVAL };

/** Every such step fails with -EINVAL and does nothing. */
const fails = (kind: PlainStep["kind"], summary: string): Fault => ({
  summary,
  install: (machine) => onStep(machine, kind, () => INVALID),
});

/** Every second such step does, the first one too. */
const failsNowAndThen = (kind: PlainStep["kind"], summary: string): Fault => ({
  summary,
  install(machine) {
    let times = 0;
    onStep(machine, kind, (next) => (times++ % 2 === 0 ? INVALID : next()));
  },
});

export const stepFaults = {
  "create-map-fails": failsNowAndThen("create-map", "every second BPF_MAP_CREATE returns -EINVAL"),
  "load-fails": failsNowAndThen("load-program", "every second BPF_PROG_LOAD returns -EINVAL"),
  "load-without-map": {
    summary: "BPF_PROG_LOAD of a program that names a map without a descriptor returns 0",
    install(machine) {
      onStep(machine, "load-program", (next) => {
        const effect = next();
        return effect.result === -ERRNO.EBADF ? { result: 0 } : effect;
      });
    },
  },
  "run-fails": failsNowAndThen("run", "every second BPF_PROG_TEST_RUN returns -EINVAL"),
  "run-returns-nonzero": {
    summary: "BPF_PROG_TEST_RUN reports another return value than the program's",
    install(machine) {
      onStep(machine, "run", (next) => {
        const effect = next();
        return effect.returnValue === undefined ? effect : { ...effect, returnValue: effect.returnValue + 1 };
      });
    },
  },
  "advance-too-short": {
    summary: "half of the time that a sleep asks for passes",
    install(machine) {
      const { hrtimers } = machine.kernel;
      onStep(machine, "advance", (_, { ns }) => {
        hrtimers.advance(hrtimers.nowNs + Math.floor(ns / 2));
        return { result: 0 };
      });
    },
  },
  "advance-fails": {
    summary: "a sleep returns -EINTR when its time has passed",
    install(machine) {
      onStep(machine, "advance", (next) => {
        next();
        return { result: -ERRNO.EINTR };
      });
    },
  },
  "clock-goes-back": {
    summary: "after a sleep CLOCK_MONOTONIC shows an earlier time than before it",
    install(machine) {
      const { hrtimers } = machine.kernel;
      onStep(machine, "advance", (next) => {
        const beforeNs = hrtimers.nowNs;
        const effect = next();
        // What a system call takes has passed since the step before.
        hrtimers.nowNs = beforeNs - 10_000;
        return effect;
      });
    },
  },
  "close-fails": fails("close-map", "a map's descriptor cannot be closed: -EINVAL"),
  "pin-fails": fails("pin-map", "a map cannot be pinned: -EINVAL"),
  "unpin-fails": fails("unpin-map", "a map's pin cannot be removed: -EINVAL"),
  "open-pin-fails": fails("open-pin", "a pinned map cannot be opened: -EINVAL"),
  "exit-fails": fails("exit-process", "the process cannot exit: -EINVAL"),
  "held-program-not-found": {
    summary: "asking for a program that a descriptor or a pin holds returns -ENOENT",
    install(machine) {
      onStep(machine, "find-program", (next, { program }) => {
        const { user } = machine;
        const isHeld = user.programDescriptors.has(program) || user.programPins.has(program);
        return isHeld ? { result: -ERRNO.ENOENT } : next();
      });
    },
  },
  "close-program-fails": fails("close-program", "a program's descriptor cannot be closed: -EINVAL"),
  "pin-program-fails": fails("pin-program", "a program cannot be pinned: -EINVAL"),
  "open-program-pin-fails": fails("open-program-pin", "a pinned program cannot be opened: -EINVAL"),
  "exit-keeps-descriptors": {
    summary: "the process that follows one that has exited still holds its descriptors",
    install: (machine) => onStep(machine, "exit-process", () => ({ result: 0 })),
  },
  "run-executes-nothing": {
    summary: "BPF_PROG_TEST_RUN says that it is done, and the program does nothing",
    install({ kernel }) {
      wrap(kernel, "testRun", () => ({ result: 0, returnValue: 0 }));
    },
  },
  "update-fails": {
    summary: "an update by user space, without flags and of a key within the map's size, returns -EINVAL",
    install(machine) {
      const isWithin = (name: string, key: string): boolean => {
        const map = machine.user.mapDescriptors.get(name);
        return map !== undefined && Number(keyOf(map, key)) < map.spec.maxEntries;
      };
      onStep(machine, "update", (next, { map, key, flags }) => (flags === 0 && isWithin(map, key) ? INVALID : next()));
    },
  },
  "user-lookup-misses": {
    summary: "a lookup by user space finds no element",
    install(machine) {
      onStep(machine, "lookup", (next) => {
        const effect = next();
        return effect.result === 0 ? { result: -ERRNO.ENOENT } : effect;
      });
    },
  },
} as const satisfies Faults;
