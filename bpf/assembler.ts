/** Instructions, labels and what must be relocated before loading, put together into one program. */
import { withOperand } from "./builders.ts";
import { CLASS, checkInstruction, type Instruction, JMP_OP, LOAD_IMM64 } from "./instruction.ts";
import type { Operand, Register } from "./register.ts";
import {
  BPF_PSEUDO_CALL,
  BPF_PSEUDO_FUNC,
  BPF_PSEUDO_KFUNC_CALL,
  BPF_PSEUDO_MAP_FD,
  BPF_PSEUDO_MAP_VALUE,
} from "./uapi.ts";

export * from "./builders.ts";
export * from "./register.ts";

export type JumpOp = Exclude<keyof typeof JMP_OP, "ja" | "call" | "exit" | "cond">;

/** What only the loader knows. `instruction` is a slot, `map` an index chosen by the caller of the assembler. */
export type Relocation =
  | { readonly kind: "map"; readonly instruction: number; readonly map: string }
  | { readonly kind: "kfunc"; readonly instruction: number; readonly name: string };

export interface Assembly {
  instructions: Instruction[];
  relocations: Relocation[];
  /** The slot each label stands before. */
  labels: ReadonlyMap<string, number>;
}

export class AssemblyError extends Error {
  override readonly name = "AssemblyError";
}

/** A slot whose `field` becomes the distance from the slot after it to the label. */
interface Fixup {
  readonly slot: number;
  readonly field: "offset" | "imm";
  readonly label: string;
}

/** Collects a program from front to back. Labels may be used before they are placed. */
export class Assembler {
  readonly #instructions: Instruction[] = [];
  readonly #relocations: Relocation[] = [];
  readonly #fixups: Fixup[] = [];
  readonly #labels = new Map<string, number>();

  /** The slot the next instruction takes. */
  get position(): number {
    return this.#instructions.length;
  }

  /** Appends instructions as they are; a 64-bit immediate load is two of them. */
  emit(...instructions: Instruction[]): this {
    this.#instructions.push(...instructions);
    return this;
  }

  /**
   * Names the next instruction's slot.
   * @throws {AssemblyError} on a name already taken
   */
  label(name: string): this {
    if (this.#labels.has(name)) throw new AssemblyError(`label ${name} is placed twice`);
    this.#labels.set(name, this.position);
    return this;
  }

  /** Jumps always, by a 16-bit offset. */
  jump(label: string): this {
    return this.#emitTo(label, "offset", { opcode: CLASS.jmp | JMP_OP.ja, dst: 0, src: 0, offset: 0, imm: 0 });
  }

  /** Jumps always, by a 32-bit offset (`gotol`, cpu v4). */
  jumpLong(label: string): this {
    return this.#emitTo(label, "imm", { opcode: CLASS.jmp32 | JMP_OP.ja, dst: 0, src: 0, offset: 0, imm: 0 });
  }

  /** Jumps until the kernel has had enough of the loop (`may_goto`, Linux 6.9). */
  mayGoto(label: string): this {
    return this.#emitTo(label, "offset", { opcode: CLASS.jmp | JMP_OP.cond, dst: 0, src: 0, offset: 0, imm: 0 });
  }

  /** Jumps where `dst op operand` holds for the 64-bit values. */
  jumpIf(op: JumpOp, dst: Register, operand: Operand, label: string): this {
    return this.#emitTo(label, "offset", withOperand(CLASS.jmp | JMP_OP[op], dst, 0, operand));
  }

  /** Jumps where `dst op operand` holds for the lower halves. */
  jumpIf32(op: JumpOp, dst: Register, operand: Operand, label: string): this {
    return this.#emitTo(label, "offset", withOperand(CLASS.jmp32 | JMP_OP[op], dst, 0, operand));
  }

  /** Calls the BPF function at the label. */
  callFunction(label: string): this {
    return this.#emitTo(label, "imm", call(BPF_PSEUDO_CALL));
  }

  /** Calls a function of the kernel by name; the loader fills in its BTF id. */
  callKfunc(name: string): this {
    this.#relocations.push({ kind: "kfunc", instruction: this.position, name });
    return this.emit(call(BPF_PSEUDO_KFUNC_CALL));
  }

  /**
   * dst = value. Any 64-bit pattern, signed or unsigned.
   * @throws {RangeError} on a value of more than 64 bits
   */
  loadImm64(dst: Register, value: bigint): this {
    if (value < -(1n << 63n) || value >= 1n << 64n) throw new RangeError(`${value} does not fit 64 bits`);
    return this.#emitWide(dst, 0, Number(BigInt.asIntN(32, value)), Number(BigInt.asIntN(32, value >> 32n)));
  }

  /** dst = the map of that name. */
  loadMap(dst: Register, map: string): this {
    return this.#relocateMap(map).#emitWide(dst, BPF_PSEUDO_MAP_FD, 0, 0);
  }

  /** dst = the address `offset` bytes into the value of element 0 of the (array) map of that name. */
  loadMapValue(dst: Register, map: string, offset: number): this {
    return this.#relocateMap(map).#emitWide(dst, BPF_PSEUDO_MAP_VALUE, 0, offset);
  }

  /**
   * dst = the BPF function at the label, to hand to a helper as a callback. Like a call, the distance counts from the
   * slot after the first, which is the load's own second one (kernel/bpf/verifier.c, add_subprog_and_kfunc).
   */
  loadFunction(dst: Register, label: string): this {
    this.#fixups.push({ slot: this.position, field: "imm", label });
    return this.#emitWide(dst, BPF_PSEUDO_FUNC, 0, 0);
  }

  /**
   * The finished program; the assembler stays usable and unchanged.
   * @throws {AssemblyError} on a label that is nowhere, past the last instruction, or too far for a 16-bit offset
   */
  assemble(): Assembly {
    const instructions = [...this.#instructions];
    for (const fixup of this.#fixups) {
      const instruction = instructions[fixup.slot];
      if (instruction !== undefined) instructions[fixup.slot] = this.#fix(instruction, fixup);
    }
    return { instructions, relocations: [...this.#relocations], labels: new Map(this.#labels) };
  }

  #fix(instruction: Instruction, { slot, field, label }: Fixup): Instruction {
    const target = this.#labels.get(label);
    if (target === undefined) throw new AssemblyError(`instruction ${slot} needs label ${label}, which is nowhere`);
    if (target >= this.position) throw new AssemblyError(`label ${label} is past the last instruction`);
    try {
      return checkInstruction({ ...instruction, [field]: target - (slot + 1) });
    } catch (cause) {
      throw new AssemblyError(`label ${label} is too far from instruction ${slot}`, { cause });
    }
  }

  #emitTo(label: string, field: Fixup["field"], instruction: Instruction): this {
    this.#fixups.push({ slot: this.position, field, label });
    return this.emit(instruction);
  }

  #relocateMap(map: string): this {
    this.#relocations.push({ kind: "map", instruction: this.position, map });
    return this;
  }

  #emitWide(dst: Register, src: number, low: number, high: number): this {
    return this.emit(
      checkInstruction({ opcode: LOAD_IMM64, dst: dst.register, src, offset: 0, imm: low }),
      checkInstruction({ opcode: 0, dst: 0, src: 0, offset: 0, imm: high }),
    );
  }
}

function call(src: number): Instruction {
  return { opcode: CLASS.jmp | JMP_OP.call, dst: 0, src, offset: 0, imm: 0 };
}
