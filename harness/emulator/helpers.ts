/** The helpers that programs call, by number: arguments in registers 1 to 5, the result in register 0. */
import { HELPER } from "../../bpf/uapi.ts";
import { addressOf, offsetOf, regionOf } from "./address.ts";
import type { BpfTimers } from "./bpf-timers.ts";
import type { Hrtimers } from "./hrtimers.ts";
import type { BpfMap, MapKey } from "./maps/bpf-map.ts";
import { type Memory, MemoryFault } from "./memory.ts";
import type { LoadedProgram } from "./program.ts";

/** What helpers need of the machine they are in. */
export interface HelperHost {
  readonly memory: Memory;
  readonly hrtimers: Hrtimers;
  readonly timers: BpfTimers;
  /** The processor that executes. */
  readonly cpu: number;
  /** The map behind a pointer that a program holds. */
  mapAt(address: number): BpfMap;
  /** Serves a pending timer interrupt under the running program. */
  interruptPoint(): void;
  /** Interrupts go off, and to what they were before the last time. */
  saveInterrupts(): void;
  restoreInterrupts(): void;
}

type Helper = (kernel: HelperHost, lo: Int32Array, hi: Int32Array, program: LoadedProgram) => void;

const NANOSECONDS_PER_JIFFY = 4_000_000;
const WORD = 0x1_0000_0000;

const argument = (lo: Int32Array, hi: Int32Array, register: number): number =>
  addressOf(hi[register] as number, lo[register] as number);

function returnNumber(lo: Int32Array, hi: Int32Array, value: number): void {
  lo[0] = value | 0;
  hi[0] = Math.floor(value / WORD) | 0;
}

function returnAddress(lo: Int32Array, hi: Int32Array, address: number): void {
  lo[0] = offsetOf(address);
  hi[0] = regionOf(address);
}

/** The key in memory: a number for the usual four bytes, else the bytes as text. */
function readKey(kernel: HelperHost, map: BpfMap, region: number, offset: number): MapKey {
  const { memory } = kernel;
  const { keySize } = map.spec;
  if (keySize === 4) return memory.view.getUint32(memory.at(region, offset, 4), true);
  return Buffer.from(memory.slice(region, offset, keySize)).toString("latin1");
}

function mapAndKey(kernel: HelperHost, lo: Int32Array, hi: Int32Array): { map: BpfMap; key: MapKey } {
  const map = kernel.mapAt(argument(lo, hi, 1));
  return { map, key: readKey(kernel, map, hi[2] as number, lo[2] as number) };
}

const timeHelper: Helper = (kernel, lo, hi) => returnNumber(lo, hi, kernel.hrtimers.nowNs);
const zeroHelper: Helper = (_kernel, lo, hi) => returnNumber(lo, hi, 0);
/** One processor executes at a time, so a lock is always free; the verifier sees to the pairing. */
const noHelper: Helper = () => undefined;

/** Helpers that read the state of the machine and nothing else: no interrupt is served before them. */
const READING: ReadonlyMap<number, Helper> = new Map([
  [HELPER.ktime_get_ns, timeHelper],
  [HELPER.ktime_get_boot_ns, timeHelper],
  [
    HELPER.jiffies64,
    (kernel, lo, hi) => returnNumber(lo, hi, Math.floor(kernel.hrtimers.nowNs / NANOSECONDS_PER_JIFFY)),
  ],
  [HELPER.get_smp_processor_id, (kernel, lo, hi) => returnNumber(lo, hi, kernel.cpu)],
  [HELPER.get_numa_node_id, zeroHelper],
  // A scenario must give the same trace every time.
  [HELPER.get_prandom_u32, zeroHelper],
  [HELPER.spin_lock, noHelper],
  [HELPER.spin_unlock, noHelper],
]);

const ACTING: ReadonlyMap<number, Helper> = new Map<number, Helper>([
  [
    HELPER.map_lookup_elem,
    (kernel, lo, hi) => {
      const { map, key } = mapAndKey(kernel, lo, hi);
      returnAddress(lo, hi, map.lookup(key, true));
    },
  ],
  [
    HELPER.map_update_elem,
    (kernel, lo, hi) => {
      const { map, key } = mapAndKey(kernel, lo, hi);
      // A copy, because allocating an element may move the memory.
      const value = kernel.memory.slice(hi[3] as number, lo[3] as number, map.spec.valueSize).slice();
      // Bits above the low word are flags that no map knows.
      const flags = hi[4] === 0 ? (lo[4] as number) : -1;
      returnNumber(lo, hi, map.update(key, value, flags));
    },
  ],
  [
    HELPER.map_delete_elem,
    (kernel, lo, hi) => {
      const { map, key } = mapAndKey(kernel, lo, hi);
      returnNumber(lo, hi, map.delete(key));
    },
  ],
  [
    HELPER.timer_init,
    (kernel, lo, hi) => {
      const map = kernel.mapAt(argument(lo, hi, 2));
      const flags = [hi[3] as number, lo[3] as number] as const;
      returnNumber(lo, hi, kernel.timers.init(argument(lo, hi, 1), map, flags));
    },
  ],
  [
    HELPER.timer_set_callback,
    (kernel, lo, hi, program) => {
      returnNumber(lo, hi, kernel.timers.setCallback(argument(lo, hi, 1), lo[2] as number, program));
    },
  ],
  [
    HELPER.timer_start,
    (kernel, lo, hi) => {
      const ns = [hi[2] as number, lo[2] as number] as const;
      const flags = [hi[3] as number, lo[3] as number] as const;
      returnNumber(lo, hi, kernel.timers.start(argument(lo, hi, 1), ns, flags));
    },
  ],
  [HELPER.timer_cancel, (kernel, lo, hi) => returnNumber(lo, hi, kernel.timers.cancel(argument(lo, hi, 1)))],
]);

const KFUNCS: ReadonlyMap<string, (kernel: HelperHost, lo: Int32Array, hi: Int32Array) => void> = new Map([
  [
    "bpf_timer_cancel_async",
    (kernel, lo, hi) => {
      kernel.interruptPoint();
      returnNumber(lo, hi, kernel.timers.cancelAsync(argument(lo, hi, 1)));
    },
  ],
  ["bpf_local_irq_save", (kernel) => kernel.saveInterrupts()],
  ["bpf_local_irq_restore", (kernel) => kernel.restoreInterrupts()],
]);

/** Calls a kfunc. @throws {MemoryFault} where there is none of that name, which the verifier refuses */
export function callKfunc(kernel: HelperHost, name: string | undefined, lo: Int32Array, hi: Int32Array): void {
  const kfunc = KFUNCS.get(name ?? "");
  if (kfunc === undefined) throw new MemoryFault(`call of kfunc ${name}`);
  kfunc(kernel, lo, hi);
}

/** Calls helper `id` for a program. @throws {MemoryFault} where there is no such helper, which the verifier refuses */
export function callHelper(
  kernel: HelperHost,
  id: number,
  lo: Int32Array,
  hi: Int32Array,
  program: LoadedProgram,
): void {
  const reading = READING.get(id);
  if (reading !== undefined) {
    reading(kernel, lo, hi, program);
    return;
  }
  const acting = ACTING.get(id);
  if (acting === undefined) throw new MemoryFault(`call of helper ${id}`);
  kernel.interruptPoint();
  acting(kernel, lo, hi, program);
}
