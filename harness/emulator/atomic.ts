/** The atomic instructions. One processor executes at a time, so each is a load, an operation and a store. */
import { ATOMIC_OP } from "../../bpf/instruction.ts";
import { alu64 } from "./alu.ts";
import { type Memory, MemoryFault } from "./memory.ts";

const FETCH = 0x01;

/** What goes to memory, as words of a one-register file: the old value combined with the operand. */
const newLow = new Int32Array(1);
const newHigh = new Int32Array(1);

/**
 * One atomic operation on the 4 or 8 bytes at offset `at` of the region that register `d` points into. `s` is the
 * operand's register, and receives the old value where the operation fetches; cmpxchg compares with register 0 and
 * loads it.
 * @throws {MemoryFault} on an access outside the region or an operation that does not exist
 */
export function atomic(
  memory: Memory,
  operation: number,
  wide: boolean,
  lo: Int32Array,
  hi: Int32Array,
  d: number,
  at: number,
  s: number,
): void {
  const { view } = memory;
  const address = memory.at(hi[d] as number, at, wide ? 8 : 4);
  const oldLow = view.getInt32(address, true);
  const oldHigh = wide ? view.getInt32(address + 4, true) : 0;
  const store = (low: number, high: number): void => {
    view.setInt32(address, low, true);
    if (wide) view.setInt32(address + 4, high, true);
  };
  switch (operation) {
    case ATOMIC_OP.cmpxchg:
      if (lo[0] === oldLow && (!wide || hi[0] === oldHigh)) store(lo[s] as number, hi[s] as number);
      lo[0] = oldLow;
      hi[0] = oldHigh;
      return;
    case ATOMIC_OP.xchg:
      store(lo[s] as number, hi[s] as number);
      break;
    case ATOMIC_OP.add:
    case ATOMIC_OP.or:
    case ATOMIC_OP.and:
    case ATOMIC_OP.xor:
    case ATOMIC_OP["fetch-add"]:
    case ATOMIC_OP["fetch-or"]:
    case ATOMIC_OP["fetch-and"]:
    case ATOMIC_OP["fetch-xor"]:
      newLow[0] = oldLow;
      newHigh[0] = oldHigh;
      alu64(operation & 0xf0, newLow, newHigh, 0, lo[s] as number, hi[s] as number, 0);
      store(newLow[0] as number, newHigh[0] as number);
      break;
    default:
      throw new MemoryFault(`atomic operation 0x${operation.toString(16)}`);
  }
  if ((operation & FETCH) !== 0) {
    lo[s] = oldLow;
    hi[s] = oldHigh;
  }
}
