/** Faults of what maps hold: elements that go missing or stay, and values that change. */
import { ERRNO } from "../../../bpf/errno.ts";
import {
  BPF_EXIST,
  BPF_F_LOCK,
  BPF_MAP_TYPE,
  BPF_NOEXIST,
  BPF_SPIN_LOCK_BYTES,
  BPF_TIMER_BYTES,
  HELPER,
} from "../../../bpf/uapi.ts";
import { NULL, offsetOf, regionOf } from "../address.ts";
import type { BpfMap, MapKey } from "../maps/bpf-map.ts";
import { watchElements } from "./elements.ts";
import type { Fault, Faults } from "./fault.ts";
import { onHelper, onMap, returnNumber, wrap } from "./hooks.ts";

/** Updates with this flag are done as if it were not given. */
const ignoresFlag = (flag: number, summary: string): Fault => ({
  summary,
  install(machine) {
    onMap(machine, (map) => wrap(map, "update", (next, key, value, flags) => next(key, value, flags & ~flag)));
  },
});

/** Changes every byte of a value that belongs to no special field. */
function invert({ fields: { timerOffset, spinLockOffset } }: BpfMap, value: Uint8Array): void {
  const isSpecial = (at: number): boolean =>
    (timerOffset >= 0 && at >= timerOffset && at < timerOffset + BPF_TIMER_BYTES) ||
    (spinLockOffset >= 0 && at >= spinLockOffset && at < spinLockOffset + BPF_SPIN_LOCK_BYTES);
  for (let at = 0; at < value.length; at++) if (!isSpecial(at)) value[at] = (value[at] as number) ^ 0xff;
}

export const contentFaults = {
  "program-update-fails": {
    summary: "bpf_map_update_elem of a program, callbacks aside, returns -EINVAL",
    install(machine) {
      const { timers } = machine.kernel;
      onHelper(machine, HELPER.map_update_elem, (next, call) => {
        if (timers.running === undefined) returnNumber(call, -ERRNO.EINVAL);
        else next();
      });
    },
  },
  "delete-fails": {
    summary: "deleting an element that exists returns -EINVAL, and it stays",
    install(machine) {
      onMap(machine, (map) => {
        if (map.inner !== undefined) return;
        wrap(map, "delete", (next, key) => (map.lookup(key, false) === NULL ? next(key) : -ERRNO.EINVAL));
      });
    },
  },
  "update-ignores-noexist": ignoresFlag(BPF_NOEXIST, "an update with BPF_NOEXIST replaces an element that exists"),
  "update-ignores-exist": ignoresFlag(BPF_EXIST, "an update with BPF_EXIST inserts an element that does not exist"),
  "locked-update-needs-no-lock": {
    summary: "an update with BPF_F_LOCK of a value without a lock is done as if the flag were not given",
    install(machine) {
      onMap(machine, (map) => {
        if (map.fields.spinLockOffset >= 0) return;
        wrap(map, "update", (next, key, value, flags) => next(key, value, flags & ~BPF_F_LOCK));
      });
    },
  },
  "delete-missing-succeeds": {
    summary: "deleting an element that does not exist returns 0",
    install(machine) {
      onMap(machine, (map) =>
        wrap(map, "delete", (next, key) => {
          const result = next(key);
          return result === -ERRNO.ENOENT ? 0 : result;
        }),
      );
    },
  },
  "delete-leaves-element": {
    summary: "deleting an element returns 0 and frees its timer, and the element stays",
    install(machine) {
      onMap(machine, (map) => {
        if (map.spec.type === BPF_MAP_TYPE.ARRAY || map.inner !== undefined) return;
        wrap(map, "delete", (next, key) => {
          const value = map.lookup(key, false);
          if (value === NULL) return next(key);
          if (map.fields.timerOffset >= 0) machine.kernel.freeTimer(value + map.fields.timerOffset);
          return 0;
        });
      });
    },
  },
  "lookup-misses-element": {
    summary: "every second bpf_map_lookup_elem of a program, callbacks aside, finds no element",
    install(machine) {
      const { timers } = machine.kernel;
      let times = 0;
      onHelper(machine, HELPER.map_lookup_elem, (next, { lo, hi }) => {
        next();
        if (timers.running === undefined && times++ % 2 === 0) lo[0] = hi[0] = 0;
      });
    },
  },
  "lookup-finds-deleted": {
    summary: "bpf_map_lookup_elem finds an element that was deleted",
    install(machine) {
      onMap(machine, (map) => {
        if (map.inner !== undefined) return;
        const deleted = new Map<MapKey, number>();
        wrap(map, "delete", (next, key) => {
          const value = map.lookup(key, false);
          const result = next(key);
          if (result === 0) deleted.set(key, value);
          return result;
        });
        wrap(map, "lookup", (next, key, fromProgram) => {
          const value = next(key, fromProgram);
          return value === NULL && fromProgram ? (deleted.get(key) ?? NULL) : value;
        });
      });
    },
  },
  "user-lookup-wrong-bytes": {
    summary: "user space reads other bytes than the value's",
    install(machine) {
      onMap(machine, (map) =>
        wrap(map, "readValue", (next, region, offset) => {
          const value = next(region, offset);
          invert(map, value);
          return value;
        }),
      );
    },
  },
  "read-payload-wrong": {
    summary: "a program, callbacks aside, reads other bytes of a value than those that are there",
    install(machine) {
      const { kernel } = machine;
      const elements = watchElements(machine);
      const bytesOf = (map: BpfMap, address: number): Uint8Array =>
        kernel.memory.slice(regionOf(address), offsetOf(address), map.spec.valueSize);
      wrap(kernel, "testRun", (next, program) => {
        const wrong = elements().map(({ map, key, address }) => {
          invert(map, bytesOf(map, address));
          return { map, key, address, bytes: bytesOf(map, address).slice() };
        });
        const result = next(program);
        for (const { map, key, address, bytes } of wrong) {
          const isUntouched = map.lookup(key, false) === address && Buffer.compare(bytesOf(map, address), bytes) === 0;
          if (isUntouched) invert(map, bytesOf(map, address));
        }
        return result;
      });
    },
  },
} as const satisfies Faults;
