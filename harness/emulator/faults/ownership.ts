/** Faults of who holds timers, maps and programs, and of what becomes of timers when nobody does. */
import { ERRNO } from "../../../bpf/errno.ts";
import { BPF_F_LOCK, BPF_MAP_TYPE, BPF_TIMER_BYTES, CLOCK, HELPER } from "../../../bpf/uapi.ts";
import { NULL } from "../address.ts";
import { LruHashMap } from "../maps/lru-hash-map.ts";
import { keyOf } from "../user-space.ts";
import type { Fault, Faults } from "./fault.ts";
import { keepingTimers, onArm, onHelper, onMap, onStep, returnNumber, wrap } from "./hooks.ts";
import { watchPast } from "./past.ts";

const LATE_NS = 1_000_000;

/** Something that user space does leaves timers as they are. */
const stepKeepsTimers = (kind: "update" | "delete" | "unpin-map" | "exit-process", summary: string): Fault => ({
  summary,
  install(machine) {
    onStep(machine, kind, (next) => keepingTimers(machine.kernel, next));
  },
});

/** Something that a program does leaves timers as they are. */
const helperKeepsTimers = (id: number, summary: string): Fault => ({
  summary,
  install(machine) {
    onHelper(machine, id, (next) => keepingTimers(machine.kernel, next));
  },
});

export const ownershipFaults = {
  "close-keeps-timers": {
    summary: "closing the last descriptor of a map leaves its timers armed",
    install({ kernel, user }) {
      wrap(user, "closeMap", (next, name) => keepingTimers(kernel, () => next(name)));
    },
  },
  "unpin-keeps-timers": stepKeepsTimers("unpin-map", "removing the last pin of a map leaves its timers armed"),
  "pin-does-not-hold": {
    summary: "closing the last descriptor cancels a map's timers although the map is pinned",
    install({ user }) {
      wrap(user, "closeMap", (next, name) => {
        const map = user.mapDescriptors.get(name);
        const effect = next(name);
        if (map !== undefined && ![...user.mapDescriptors.values()].includes(map)) map.freeTimers();
        return effect;
      });
    },
  },
  "reopened-pin-not-held": {
    summary: "a descriptor opened from a pin does not count as a user reference",
    install(machine) {
      const { mapPins } = machine.user;
      onStep(machine, "open-pin", (next, { map: name }) => {
        const effect = next();
        const map = mapPins.get(name);
        if (effect.result === 0 && map !== undefined) map.userReferences--;
        return effect;
      });
    },
  },
  "exit-keeps-timers": stepKeepsTimers(
    "exit-process",
    "the exit of the process that holds a map leaves its timers armed",
  ),
  "exit-ignores-pins": {
    summary: "the exit of the process that holds a map cancels its timers, pinned or not",
    install(machine) {
      const { mapDescriptors } = machine.user;
      onStep(machine, "exit-process", (next) => {
        for (const map of mapDescriptors.values()) map.freeTimers();
        return next();
      });
    },
  },
  "timers-hide-program": {
    summary: "a program that only timers hold cannot be found by its id",
    install(machine) {
      const { programDescriptors, programPins } = machine.user;
      onStep(machine, "find-program", (next, { program }) =>
        programDescriptors.has(program) || programPins.has(program) ? next() : { result: -ERRNO.ENOENT },
      );
    },
  },
  "program-never-released": {
    summary: "cancelled and freed timers keep their reference of the program",
    install({ kernel }) {
      wrap(kernel.timers, "dropProgram", (next, timer) => {
        if (timer.program !== undefined) timer.program.references++;
        next(timer);
      });
    },
  },
  "user-update-keeps-timer": stepKeepsTimers("update", "an update by user space leaves the element's timer as it is"),
  "user-update-keeps-array-timer": {
    summary: "an update by user space leaves the timer of an array element as it is",
    install(machine) {
      const { kernel, user } = machine;
      onStep(machine, "update", (next, { map: name }) =>
        user.mapOf(name)?.spec.type === BPF_MAP_TYPE.ARRAY ? keepingTimers(kernel, next) : next(),
      );
    },
  },
  "user-delete-keeps-timer": stepKeepsTimers("delete", "a delete by user space leaves the element's timer as it is"),
  "program-update-keeps-timer": helperKeepsTimers(
    HELPER.map_update_elem,
    "bpf_map_update_elem leaves the element's timer as it is",
  ),
  "program-delete-keeps-timer": helperKeepsTimers(
    HELPER.map_delete_elem,
    "bpf_map_delete_elem leaves the element's timer as it is",
  ),
  "eviction-keeps-timer": {
    summary: "an LRU map that evicts an element leaves its timer armed",
    install(machine) {
      onMap(machine, (map) => {
        if (map instanceof LruHashMap)
          wrap(map, "evict", (next, node) => keepingTimers(machine.kernel, () => next(node)));
      });
    },
  },
  "user-reads-timer": {
    summary: "user space reads something else than zeros where a timer lies",
    install(machine) {
      onMap(machine, (map) => {
        const { timerOffset } = map.fields;
        if (timerOffset >= 0)
          wrap(map, "readValue", (next, ...args) =>
            next(...args).fill(0xff, timerOffset, timerOffset + BPF_TIMER_BYTES),
          );
      });
    },
  },
  "user-write-becomes-timer": {
    summary: "what user space writes where a timer lies is taken for a timer",
    install(machine) {
      const { kernel, user } = machine;
      onStep(machine, "update", (next, { map: name, key, value }) => {
        const effect = next();
        const map = user.mapOf(name);
        if (effect.result !== 0 || map === undefined) return effect;
        const { timerOffset } = map.fields;
        if ((Buffer.from(value, "hex")[timerOffset] ?? 0) !== 0)
          kernel.timers.init(map.lookup(keyOf(map, key), false) + timerOffset, map, [0, CLOCK.MONOTONIC]);
        return effect;
      });
    },
  },
  "array-delete-frees-timer": {
    summary: "a refused delete of an array element frees its timer",
    install(machine) {
      onMap(machine, (map) => {
        if (map.spec.type !== BPF_MAP_TYPE.ARRAY || map.fields.timerOffset < 0) return;
        wrap(map, "delete", (next, key) => {
          const value = map.lookup(key, false);
          if (value !== NULL) machine.kernel.freeTimer(value + map.fields.timerOffset);
          return next(key);
        });
      });
    },
  },
  "array-delete-by-user-allowed": {
    summary: "a delete of an array's element by user space returns 0 and does nothing",
    install(machine) {
      onStep(machine, "delete", (next) => {
        const effect = next();
        return effect.result === -ERRNO.EINVAL ? { result: 0 } : effect;
      });
    },
  },
  "array-delete-by-program-allowed": {
    summary: "a delete of an array's element by a program returns 0 and does nothing",
    install(machine) {
      onHelper(machine, HELPER.map_delete_elem, (next, call) => {
        next();
        if (call.lo[0] === -ERRNO.EINVAL) returnNumber(call, 0);
      });
    },
  },
  "rearm-takes-descriptor": {
    summary: "bpf_timer_start from the timer's own callback returns -EPERM where no descriptor holds the map",
    install(machine) {
      const { mapDescriptors } = machine.user;
      onArm(machine, (arm, { timer, isRearm }) =>
        isRearm && ![...mapDescriptors.values()].includes(timer.map) ? -ERRNO.EPERM : arm(),
      );
    },
  },
  "locked-update-of-array-keeps-timer": {
    summary: "an update of an array's element with BPF_F_LOCK leaves its timer as it is",
    install(machine) {
      onMap(machine, (map) => {
        if (map.spec.type !== BPF_MAP_TYPE.ARRAY) return;
        wrap(map, "update", (next, key, value, flags) =>
          (flags & BPF_F_LOCK) === 0
            ? next(key, value, flags)
            : keepingTimers(machine.kernel, () => next(key, value, flags)),
        );
      });
    },
  },
  "locked-update-of-hash-delays-timer": {
    summary: "an update of a hash's element with BPF_F_LOCK makes its timer fire 1 ms late",
    install(machine) {
      const { timers, hrtimers } = machine.kernel;
      onMap(machine, (map) => {
        if (map.spec.type !== BPF_MAP_TYPE.HASH) return;
        wrap(map, "update", (next, key, value, flags) => {
          const hrtimer = timers.timers.get(map.lookup(key, false) + map.fields.timerOffset)?.hrtimer;
          const result = next(key, value, flags);
          if ((flags & BPF_F_LOCK) === 0 || hrtimer === undefined || hrtimers.cancel(hrtimer) === 0) return result;
          hrtimer.softExpiresNs = hrtimer.expiresNs += LATE_NS;
          hrtimers.enqueue(hrtimer);
          return result;
        });
      });
    },
  },
  "user-lookup-cancels": {
    summary: "a lookup by user space cancels the element's timer",
    install(machine) {
      const { kernel, user } = machine;
      onStep(machine, "lookup", (next, { map: name, key }) => {
        const map = user.mapOf(name);
        const value = map === undefined || map.inner !== undefined ? NULL : map.lookup(keyOf(map, key), false);
        if (map !== undefined && value !== NULL) kernel.timers.cancel(value + map.fields.timerOffset);
        return next();
      });
    },
  },
  "load-ignores-capability": {
    summary: "a process without CAP_BPF may load programs",
    install(machine) {
      const { user } = machine;
      onStep(machine, "load-program", (next) => {
        const { hasCapability } = user;
        user.hasCapability = true;
        const effect = next();
        user.hasCapability = hasCapability;
        return effect;
      });
    },
  },
  "fired-program-unreadable": {
    summary: "a program that only timers hold which have fired cannot be opened by its id",
    install(machine) {
      const { kernel, user } = machine;
      const { fired } = watchPast(machine);
      onStep(machine, "find-program", (next, { program: name }) => {
        const effect = next();
        const isHeld = user.programDescriptors.has(name) || user.programPins.has(name);
        const holding = [...kernel.timers.timers.values()].filter(({ program }) => program !== undefined);
        if (effect.result !== 0 || isHeld || holding.some((timer) => !fired.has(timer))) return effect;
        return { result: -ERRNO.EPERM };
      });
    },
  },
  "cancel-keeps-program": {
    summary: "bpf_timer_cancel keeps the timer's reference of the program",
    install({ kernel: { timers } }) {
      wrap(timers, "cancel", (next, address) => {
        const program = timers.timers.get(address)?.program;
        const result = next(address);
        if (result >= 0 && program !== undefined) program.references++;
        return result;
      });
    },
  },
  "freed-timer-keeps-program": {
    summary: "a timer that is freed keeps its reference of the program",
    install({ kernel: { timers } }) {
      wrap(timers, "cancelAndFree", (next, address) => {
        const program = timers.timers.get(address)?.program;
        if (program !== undefined) program.references++;
        next(address);
      });
    },
  },
} as const satisfies Faults;
