/** Executes bytecode: the whole instruction set, on registers held as pairs of 32-bit words. */
import { alu32, alu64, byteOrder, jumps32, jumps64 } from "./alu.ts";
import { atomic } from "./atomic.ts";
import type { Code } from "./code.ts";
import { type Memory, MemoryFault } from "./memory.ts";

/** A program ran for so long that it cannot be meant to end. */
export class InstructionBudgetExhausted extends Error {
  override readonly name = "InstructionBudgetExhausted";
}

/** What a running program can reach besides its memory. */
export interface Surroundings<Program> {
  /** Calls helper `id` with arguments in registers 1 to 5; the result goes to register 0. */
  callHelper(id: number, lo: Int32Array, hi: Int32Array, program: Program): void;
  /** Calls the kfunc that the instruction at `slot` names. */
  callKfunc(slot: number, lo: Int32Array, hi: Int32Array, program: Program): void;
  /** Byte `offset` of the packet a legacy load reads, or undefined past its end. */
  packetByte(offset: number): number | undefined;
}

const REGISTERS = 11;
const FRAME_POINTER = 10;
const FRAME_BYTES = 512;
/** MAX_CALL_FRAMES of include/linux/bpf_verifier.h. */
const FRAMES_MAX = 8;
/** Per frame: the return slot and registers 6 to 9, both words. */
const SAVED_WORDS = 9;

/** The registers and the stack of one activation; a callback that interrupts a program has its own. */
interface Activation {
  readonly lo: Int32Array;
  readonly hi: Int32Array;
  readonly saved: Int32Array;
  stack: number;
}

export class Interpreter<Program extends { readonly code: Code }> {
  /** Instructions that may still be executed before the scenario is cut off. */
  budget = 0;
  readonly #memory: Memory;
  readonly #surroundings: Surroundings<Program>;
  readonly #activations: Activation[] = [];
  #depth = 0;

  constructor(memory: Memory, surroundings: Surroundings<Program>) {
    this.#memory = memory;
    this.#surroundings = surroundings;
  }

  /** Forgets the stacks, which lay in memory that has been reset. */
  reset(budget: number): void {
    this.budget = budget;
    this.#depth = 0;
    for (const activation of this.#activations) activation.stack = 0;
  }

  /**
   * Runs a function from slot `entry` to its exit. Arguments are high and low words in turn, for registers 1, 2 and 3.
   * Returns register 0's low word.
   * @throws {InstructionBudgetExhausted} @throws {MemoryFault}
   */
  run(program: Program, entry: number, ...args: readonly number[]): number {
    const activation = this.#enter();
    const { lo, hi } = activation;
    for (let at = 0; at < args.length; at += 2) {
      hi[1 + at / 2] = args[at] as number;
      lo[1 + at / 2] = args[at + 1] as number;
    }
    hi[FRAME_POINTER] = activation.stack;
    lo[FRAME_POINTER] = FRAME_BYTES;
    try {
      this.#execute(program, entry, activation);
    } finally {
      this.#depth--;
    }
    return lo[0] as number;
  }

  #enter(): Activation {
    let activation = this.#activations[this.#depth];
    if (activation === undefined) {
      activation = {
        lo: new Int32Array(REGISTERS),
        hi: new Int32Array(REGISTERS),
        saved: new Int32Array(FRAMES_MAX * SAVED_WORDS),
        stack: 0,
      };
      this.#activations.push(activation);
    }
    if (activation.stack === 0) {
      const stack = this.#memory.allocate(FRAMES_MAX * FRAME_BYTES);
      if (stack === undefined) throw new MemoryFault("no memory for a stack");
      activation.stack = stack;
    }
    this.#depth++;
    return activation;
  }

  #execute(program: Program, entry: number, activation: Activation): void {
    const memory = this.#memory;
    const { opcode, dst, src, offset, imm, low, high, length } = program.code;
    const { lo, hi, saved } = activation;
    let frame = 0;
    let pc = entry;
    let budget = this.budget;
    for (;;) {
      if (pc < 0 || pc >= length) throw new MemoryFault(`execution of slot ${pc} of ${length}`);
      if (--budget < 0) throw new InstructionBudgetExhausted("a program does not end");
      const code = opcode[pc] as number;
      const d = dst[pc] as number;
      const s = src[pc] as number;
      switch (code & 7) {
        case 7: {
          const op = code & 0xf0;
          if (op === 0xd0) byteOrder(lo, hi, d, imm[pc] as number, true);
          else if ((code & 8) !== 0) alu64(op, lo, hi, d, lo[s] as number, hi[s] as number, offset[pc] as number);
          else alu64(op, lo, hi, d, low[pc] as number, high[pc] as number, offset[pc] as number);
          pc++;
          break;
        }
        case 4: {
          const op = code & 0xf0;
          // Of the two conversions, only the one to big-endian moves bytes on a little-endian machine.
          if (op === 0xd0) byteOrder(lo, hi, d, imm[pc] as number, (code & 8) !== 0);
          else alu32(op, lo, hi, d, (code & 8) !== 0 ? (lo[s] as number) : (imm[pc] as number), offset[pc] as number);
          pc++;
          break;
        }
        case 1:
          this.#load(code, lo, hi, d, s, offset[pc] as number);
          pc++;
          break;
        case 2:
          this.#store(
            code,
            hi[d] as number,
            ((lo[d] as number) + (offset[pc] as number)) | 0,
            imm[pc] as number,
            high[pc] as number,
          );
          pc++;
          break;
        case 3: {
          const at = ((lo[d] as number) + (offset[pc] as number)) | 0;
          if ((code & 0xe0) === 0xc0) atomic(memory, imm[pc] as number, (code & 0x18) === 0x18, lo, hi, d, at, s);
          else this.#store(code, hi[d] as number, at, lo[s] as number, hi[s] as number);
          pc++;
          break;
        }
        case 0:
          if (code === 0x18) {
            lo[d] = low[pc] as number;
            hi[d] = high[pc] as number;
            pc += 2;
          } else {
            const loaded = this.#loadPacket(
              code,
              (imm[pc] as number) + ((code & 0xe0) === 0x40 ? (lo[s] as number) : 0),
            );
            lo[0] = loaded ?? 0;
            hi[0] = 0;
            // A legacy load past the end of the packet ends the program with 0 (bpf_gen_ld_abs).
            if (loaded === undefined) {
              this.budget = budget;
              return;
            }
            pc++;
          }
          break;
        default: {
          const op = code & 0xf0;
          if (op === 0x80) {
            if (s === 0) {
              this.budget = budget;
              this.#surroundings.callHelper(imm[pc] as number, lo, hi, program);
              budget = this.budget;
              pc++;
            } else if (s === 1) {
              if (frame + 1 >= FRAMES_MAX) throw new MemoryFault("the call stack is too deep");
              const base = frame * SAVED_WORDS;
              saved[base] = pc + 1;
              for (let register = 0; register < 4; register++) {
                saved[base + 1 + register] = lo[6 + register] as number;
                saved[base + 5 + register] = hi[6 + register] as number;
              }
              frame++;
              lo[FRAME_POINTER] = (frame + 1) * FRAME_BYTES;
              pc += 1 + (imm[pc] as number);
            } else if (s === 2) {
              this.budget = budget;
              this.#surroundings.callKfunc(pc, lo, hi, program);
              budget = this.budget;
              pc++;
            } else throw new MemoryFault(`call of kind ${s} at slot ${pc}`);
          } else if (op === 0x90) {
            if (frame === 0) {
              this.budget = budget;
              return;
            }
            frame--;
            const base = frame * SAVED_WORDS;
            pc = saved[base] as number;
            for (let register = 0; register < 4; register++) {
              lo[6 + register] = saved[base + 1 + register] as number;
              hi[6 + register] = saved[base + 5 + register] as number;
            }
            lo[FRAME_POINTER] = (frame + 1) * FRAME_BYTES;
          } else if (op === 0x00) pc += 1 + ((code & 7) === 5 ? (offset[pc] as number) : (imm[pc] as number));
          // may_goto: the loop budget of the machine is what cuts loops off, so it is never out.
          else if (op === 0xe0) pc++;
          else {
            const taken =
              (code & 7) === 6
                ? jumps32(op, lo[d] as number, (code & 8) !== 0 ? (lo[s] as number) : (imm[pc] as number))
                : (code & 8) !== 0
                  ? jumps64(op, lo[d] as number, hi[d] as number, lo[s] as number, hi[s] as number)
                  : jumps64(op, lo[d] as number, hi[d] as number, low[pc] as number, high[pc] as number);
            pc += taken ? 1 + (offset[pc] as number) : 1;
          }
        }
      }
    }
  }

  #load(code: number, lo: Int32Array, hi: Int32Array, d: number, s: number, offset: number): void {
    const memory = this.#memory;
    const region = hi[s] as number;
    const from = ((lo[s] as number) + offset) | 0;
    const isSigned = (code & 0xe0) === 0x80;
    let word = 0;
    switch (code & 0x18) {
      case 0x18: {
        const at = memory.at(region, from, 8);
        lo[d] = memory.view.getInt32(at, true);
        hi[d] = memory.view.getInt32(at + 4, true);
        return;
      }
      case 0x00:
        word = memory.view.getInt32(memory.at(region, from, 4), true);
        break;
      case 0x08: {
        const at = memory.at(region, from, 2);
        word = isSigned ? memory.view.getInt16(at, true) : memory.view.getUint16(at, true);
        break;
      }
      default: {
        const at = memory.at(region, from, 1);
        word = isSigned ? memory.view.getInt8(at) : memory.view.getUint8(at);
      }
    }
    lo[d] = word;
    hi[d] = isSigned ? word >> 31 : 0;
  }

  #store(code: number, region: number, to: number, low: number, high: number): void {
    const memory = this.#memory;
    switch (code & 0x18) {
      case 0x18: {
        const at = memory.at(region, to, 8);
        memory.view.setInt32(at, low, true);
        memory.view.setInt32(at + 4, high, true);
        return;
      }
      case 0x00:
        memory.view.setInt32(memory.at(region, to, 4), low, true);
        return;
      case 0x08:
        memory.view.setInt16(memory.at(region, to, 2), low, true);
        return;
      default:
        memory.view.setInt8(memory.at(region, to, 1), low);
    }
  }

  /** The legacy loads BPF_ABS and BPF_IND: 1, 2 or 4 bytes of the packet in network byte order. */
  #loadPacket(code: number, offset: number): number | undefined {
    const size = { 0: 4, 8: 2, 16: 1 }[code & 0x18] ?? 0;
    let word = 0;
    for (let at = 0; at < size; at++) {
      const byte = this.#surroundings.packetByte(offset + at);
      if (byte === undefined) return undefined;
      word = (word << 8) | byte;
    }
    return word;
  }
}
