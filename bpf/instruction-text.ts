/** The text of each instruction that reads the same wherever it stands, as kernel/bpf/disasm.c (print_bpf_insn) has it. */
import {
  ALU_OP,
  ATOMIC_OP,
  CLASS,
  type Instruction,
  JMP_OP,
  MODE,
  SIGNED_OFFSET,
  SIZE,
  type Size,
  SOURCE,
} from "./instruction.ts";

/** Undefined where the other fields make the instruction one that Linux does not know. */
type Text = (instruction: Instruction) => string | undefined;

const ASSIGNMENT = [
  [ALU_OP.add, "+="],
  [ALU_OP.sub, "-="],
  [ALU_OP.mul, "*="],
  [ALU_OP.div, "/="],
  [ALU_OP.or, "|="],
  [ALU_OP.and, "&="],
  [ALU_OP.lsh, "<<="],
  [ALU_OP.rsh, ">>="],
  [ALU_OP.mod, "%="],
  [ALU_OP.xor, "^="],
  [ALU_OP.mov, "="],
  [ALU_OP.arsh, "s>>="],
] as const;

const SIGNED_ASSIGNMENT: ReadonlyMap<number, string> = new Map([
  [ALU_OP.div, "s/="],
  [ALU_OP.mod, "s%="],
]);

const COMPARISON = [
  [JMP_OP.eq, "=="],
  [JMP_OP.gt, ">"],
  [JMP_OP.ge, ">="],
  [JMP_OP.set, "&"],
  [JMP_OP.ne, "!="],
  [JMP_OP.sgt, "s>"],
  [JMP_OP.sge, "s>="],
  [JMP_OP.lt, "<"],
  [JMP_OP.le, "<="],
  [JMP_OP.slt, "s<"],
  [JMP_OP.sle, "s<="],
] as const;

const SIZE_BITS: Record<Size, number> = { b: 8, h: 16, w: 32, dw: 64 };
const SIZES = ["b", "h", "w", "dw"] as const;

/** What a move's offset makes of its source (cpu v4). */
const MOVE_CAST: ReadonlyMap<number, string> = new Map([
  [8, "(s8)"],
  [16, "(s16)"],
  [32, "(s32)"],
]);

/** The offset that makes a 64-bit register move a cast between address spaces (BPF_ADDR_SPACE_CAST, Linux 6.9). */
const ADDRESS_SPACE_CAST_OFFSET = 1;

const ATOMIC_ASSIGNMENT = [
  [ATOMIC_OP.add, "+="],
  [ATOMIC_OP.or, "|="],
  [ATOMIC_OP.and, "&="],
  [ATOMIC_OP.xor, "^="],
] as const;

const ATOMIC_RETURNING = [
  [ATOMIC_OP["fetch-add"], "fetch_add"],
  [ATOMIC_OP["fetch-or"], "fetch_or"],
  [ATOMIC_OP["fetch-and"], "fetch_and"],
  [ATOMIC_OP["fetch-xor"], "fetch_xor"],
  [ATOMIC_OP.xchg, "xchg"],
] as const;

/** A number with its sign always shown, C's `%+d`. */
export const signed = (number: number): string => (number < 0 ? String(number) : `+${number}`);

const hex = (imm: number): string => `0x${(imm >>> 0).toString(16)}`;
const memory = (type: string, register: number, offset: number): string =>
  `*(${type} *)(r${register} ${signed(offset)})`;

const TEXT = new Map<number, Text>();

for (const [aluClass, r] of [
  [CLASS.alu64, "r"],
  [CLASS.alu, "w"],
] as const) {
  for (const [op, symbol] of ASSIGNMENT) {
    const assign = ({ offset }: Instruction): string =>
      (offset === SIGNED_OFFSET ? SIGNED_ASSIGNMENT.get(op) : undefined) ?? symbol;
    const cast = ({ offset }: Instruction): string => (op === ALU_OP.mov ? MOVE_CAST.get(offset) : undefined) ?? "";
    TEXT.set(aluClass | op | SOURCE.k, (i) => `${r}${i.dst} ${assign(i)} ${i.imm}`);
    TEXT.set(aluClass | op | SOURCE.x, (i) => `${r}${i.dst} ${assign(i)} ${cast(i)}${r}${i.src}`);
  }
  TEXT.set(aluClass | ALU_OP.neg, (i) => `${r}${i.dst} = -${r}${i.dst}`);
}

const move: Text = (i) => `r${i.dst} = ${MOVE_CAST.get(i.offset) ?? ""}r${i.src}`;
TEXT.set(CLASS.alu64 | ALU_OP.mov | SOURCE.x, (i) =>
  i.offset === ADDRESS_SPACE_CAST_OFFSET
    ? `r${i.dst} = addr_space_cast(r${i.src}, ${i.imm >>> 16}, ${i.imm & 0xffff})`
    : move(i),
);

for (const [opcode, name] of [
  [CLASS.alu | ALU_OP.end | SOURCE.k, "le"],
  [CLASS.alu | ALU_OP.end | SOURCE.x, "be"],
  [CLASS.alu64 | ALU_OP.end | SOURCE.k, "bswap"],
] as const)
  TEXT.set(opcode, (i) => `r${i.dst} = ${name}${i.imm} r${i.dst}`);

for (const [jumpClass, r] of [
  [CLASS.jmp, "r"],
  [CLASS.jmp32, "w"],
] as const)
  for (const [op, symbol] of COMPARISON) {
    const jump = (i: Instruction, operand: string): string =>
      `if ${r}${i.dst} ${symbol} ${operand} goto pc${signed(i.offset)}`;
    TEXT.set(jumpClass | op | SOURCE.k, (i) => jump(i, hex(i.imm)));
    TEXT.set(jumpClass | op | SOURCE.x, (i) => jump(i, `${r}${i.src}`));
  }

TEXT.set(CLASS.jmp | JMP_OP.ja, (i) => `goto pc${signed(i.offset)}`);
TEXT.set(CLASS.jmp32 | JMP_OP.ja, (i) => `gotol pc${signed(i.imm)}`);
TEXT.set(CLASS.jmp | JMP_OP.cond, (i) => (i.src === 0 ? `may_goto pc${signed(i.offset)}` : undefined));
TEXT.set(CLASS.jmp | JMP_OP.exit, () => "exit");

for (const name of SIZES) {
  const size = SIZE[name];
  const type = `u${SIZE_BITS[name]}`;
  TEXT.set(CLASS.ldx | size | MODE.mem, (i) => `r${i.dst} = ${memory(type, i.src, i.offset)}`);
  TEXT.set(CLASS.st | size | MODE.mem, (i) => `${memory(type, i.dst, i.offset)} = ${i.imm}`);
  TEXT.set(CLASS.stx | size | MODE.mem, (i) => `${memory(type, i.dst, i.offset)} = r${i.src}`);
  // None of the following has an eight-byte form.
  if (name === "dw") continue;
  TEXT.set(CLASS.ldx | size | MODE.memsx, (i) => `r${i.dst} = ${memory(`s${SIZE_BITS[name]}`, i.src, i.offset)}`);
  TEXT.set(CLASS.ld | size | MODE.abs, (i) => `r0 = *(${type} *)skb[${i.imm}]`);
  TEXT.set(CLASS.ld | size | MODE.ind, (i) => `r0 = *(${type} *)skb[r${i.src} + ${i.imm}]`);
}

for (const [size, type, atomic] of [
  [SIZE.w, "u32", "atomic"],
  [SIZE.dw, "u64", "atomic64"],
] as const) {
  const address = (i: Instruction): string => `(${type} *)(r${i.dst} ${signed(i.offset)})`;
  const texts = new Map<number, Text>();
  for (const [op, symbol] of ATOMIC_ASSIGNMENT)
    texts.set(op, (i) => `lock ${memory(type, i.dst, i.offset)} ${symbol} r${i.src}`);
  for (const [op, name] of ATOMIC_RETURNING)
    texts.set(op, (i) => `r${i.src} = ${atomic}_${name}(${address(i)}, r${i.src})`);
  texts.set(ATOMIC_OP.cmpxchg, (i) => `r0 = ${atomic}_cmpxchg(${address(i)}, r0, r${i.src})`);
  TEXT.set(CLASS.stx | size | MODE.atomic, (i) => texts.get(i.imm)?.(i));
}

/**
 * The instruction in the words of the kernel's verifier log, without its opcode. Undefined for one Linux does not know,
 * and for calls and 64-bit immediate loads, whose text needs what surrounds them.
 */
export function instructionText(instruction: Instruction): string | undefined {
  return TEXT.get(instruction.opcode)?.(instruction);
}
