/** Faults of what happens when a timer expires. */
import { ERRNO } from "../../../bpf/errno.ts";
import { HELPER } from "../../../bpf/uapi.ts";
import { addressOf, NULL, offsetOf, regionOf } from "../address.ts";
import type { BpfTimer } from "../bpf-timers.ts";
import { CPU_COUNT } from "../cpus.ts";
import type { Kernel } from "../kernel.ts";
import type { BpfMap } from "../maps/bpf-map.ts";
import type { Fault, Faults } from "./fault.ts";
import { onArm, onHelper, onMap, returnNumber, wrap } from "./hooks.ts";

/** The address of new memory with these bytes, or of nothing where there is none. */
function addressOfCopy({ memory }: Kernel, bytes: Uint8Array): number {
  const region = memory.allocate(bytes.length);
  if (region === undefined) return NULL;
  memory.slice(region, 0, bytes.length).set(bytes);
  return addressOf(region, 0);
}

/** Where a key lies that is not the one at `address`. */
function otherKey(kernel: Kernel, map: BpfMap, address: number): number {
  const bytes = kernel.memory.slice(regionOf(address), offsetOf(address), map.spec.keySize).slice();
  bytes[0] = (bytes[0] as number) ^ 1;
  return addressOfCopy(kernel, bytes);
}

/** The address of some value of a map that is not the one at `address`; of a new one where there is no other. */
function otherValue(kernel: Kernel, map: BpfMap, address: number): number {
  for (let key = 0; key <= map.spec.maxEntries; key++) {
    const other = map.lookup(key, false);
    if (other !== NULL && other !== address) return other;
  }
  return addressOfCopy(kernel, new Uint8Array(map.spec.valueSize));
}

/** A helper that fails with -EBUSY in any callback. */
const isBusyInCallbacks = (id: number, summary: string): Fault => ({
  summary,
  install(machine) {
    const { timers } = machine.kernel;
    onHelper(machine, id, (next, call) => {
      if (timers.running === undefined) next();
      else returnNumber(call, -ERRNO.EBUSY);
    });
  },
});

export const firingFaults = {
  "callback-wrong-key": {
    summary: "a callback receives a key that is not its element's",
    install({ kernel }) {
      wrap(kernel, "callCallback", (next, program, callback, map, key, value) =>
        next(program, callback, map, otherKey(kernel, map, key), value),
      );
    },
  },
  "callback-wrong-value": {
    summary: "a callback receives a value that is not its element's",
    install({ kernel }) {
      wrap(kernel, "callCallback", (next, program, callback, map, key, value) =>
        next(program, callback, map, key, otherValue(kernel, map, value)),
      );
    },
  },
  "callback-gets-copy": {
    summary: "what a callback writes into its element's value is lost",
    install({ kernel }) {
      wrap(kernel, "callCallback", (next, program, callback, map, key, value) => {
        const bytes = () => kernel.memory.slice(regionOf(value), offsetOf(value), map.spec.valueSize);
        const before = bytes().slice();
        next(program, callback, map, key, value);
        bytes().set(before);
      });
    },
  },
  "callback-reads-zeros": {
    summary: "a callback finds zeros where others wrote into its element's value",
    install({ kernel }) {
      wrap(kernel, "callCallback", (next, program, callback, map, key, value) => {
        const bytes = () => kernel.memory.slice(regionOf(value), offsetOf(value), map.spec.valueSize);
        const before = bytes().slice();
        bytes().fill(0);
        next(program, callback, map, key, value);
        bytes().forEach((byte, at, all) => {
          if (byte === 0) all[at] = before[at] as number;
        });
      });
    },
  },
  "callback-changes-cpu": {
    summary: "a callback that has started a timer goes on on another CPU",
    install(machine) {
      const { kernel } = machine;
      onHelper(machine, HELPER.timer_start, (next) => {
        next();
        if (kernel.timers.running !== undefined) kernel.cpu = (kernel.cpu + 1) % CPU_COUNT;
      });
    },
  },
  "own-delete-keeps-element": {
    summary: "a callback that deletes its element frees the timer, and the element stays",
    install(machine) {
      const { timers } = machine.kernel;
      onMap(machine, (map) =>
        wrap(map, "delete", (next, key) => {
          const own = timers.running?.valueAddress;
          if (own === undefined || map.lookup(key, false) !== own) return next(key);
          timers.cancelAndFree(own + map.fields.timerOffset);
          return 0;
        }),
      );
    },
  },
  "callback-never-runs": {
    summary: "an expired timer is dropped without calling its callback",
    install({ kernel }) {
      wrap(kernel.timers, "expire", () => undefined);
    },
  },
  "closed-program-never-runs": {
    summary: "a callback does not run once only timers hold its program",
    install({ kernel }) {
      wrap(kernel.timers, "expire", (next, timer) => {
        if (timer.program?.references !== 1) next(timer);
      });
    },
  },
  "callback-serves-one-map": {
    summary: "a callback runs only for the map that it was first set in",
    install({ kernel: { timers } }) {
      wrap(timers, "expire", (next, timer) => {
        const { program, callback } = timer;
        const same = [...timers.timers.values()].find(
          (other) => other.program === program && other.callback === callback,
        );
        if (same === undefined || same.map === timer.map) next(timer);
      });
    },
  },
  "fires-twice": {
    summary: "an expired timer calls its callback twice",
    install({ kernel }) {
      wrap(kernel, "callCallback", (next, ...args) => {
        next(...args);
        next(...args);
      });
    },
  },
  "callbacks-nest": {
    summary: "a callback is interrupted by another on the same CPU",
    install(machine) {
      const { timers, hrtimers } = machine.kernel;
      onArm(machine, (arm, { cpu }) => {
        if (timers.running !== undefined) hrtimers.runPending(cpu);
        return arm();
      });
    },
  },
  "firing-drops-callback": {
    summary: "a timer that has fired has lost its callback",
    install({ kernel: { timers } }) {
      wrap(timers, "expire", (next, timer) => {
        next(timer);
        timers.dropProgram(timer);
      });
    },
  },
  "firing-frees-timer": {
    summary: "a timer that has fired is uninitialized",
    install({ kernel: { timers } }) {
      wrap(timers, "expire", (next, timer) => {
        next(timer);
        timers.cancelAndFree(timer.valueAddress + timer.map.fields.timerOffset);
      });
    },
  },
  "delete-refused-in-callbacks": isBusyInCallbacks(
    HELPER.map_delete_elem,
    "bpf_map_delete_elem returns -EBUSY from a callback",
  ),
  "update-refused-in-callbacks": isBusyInCallbacks(
    HELPER.map_update_elem,
    "bpf_map_update_elem returns -EBUSY from a callback",
  ),
  "callback-wrong-map": {
    summary: "a callback receives a map that does not hold its timer",
    install(machine) {
      const { kernel } = machine;
      const maps: BpfMap[] = [];
      onMap(machine, (map) => void maps.push(map));
      wrap(kernel, "callCallback", (next, program, callback, map, key, value) => {
        const other = maps.find((each) => each !== map) ?? map;
        next(program, callback, other, key, value);
      });
    },
  },
  "calls-first-callback": {
    summary: "a timer calls whatever callback was first set on it",
    install({ kernel: { timers } }) {
      const first = new WeakMap<BpfTimer, number>();
      wrap(timers, "setCallback", (next, address, callback, program) => {
        const result = next(address, callback, program);
        const timer = timers.timers.get(address);
        if (result === 0 && timer !== undefined && !first.has(timer)) first.set(timer, callback);
        return result;
      });
      wrap(timers, "expire", (next, timer) => {
        timer.callback = first.get(timer) ?? timer.callback;
        next(timer);
      });
    },
  },
} as const satisfies Faults;
