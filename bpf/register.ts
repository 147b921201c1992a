/** A register of the BPF machine: R0 result, R1 to R5 arguments, R6 to R9 kept over calls, R10 frame pointer. */
export interface Register {
  readonly register: number;
}

/** The second operand of an instruction: a register, or a signed 32-bit immediate. */
export type Operand = Register | number;

export const R0: Register = { register: 0 };
export const R1: Register = { register: 1 };
export const R2: Register = { register: 2 };
export const R3: Register = { register: 3 };
export const R4: Register = { register: 4 };
export const R5: Register = { register: 5 };
export const R6: Register = { register: 6 };
export const R7: Register = { register: 7 };
export const R8: Register = { register: 8 };
export const R9: Register = { register: 9 };
export const R10: Register = { register: 10 };
