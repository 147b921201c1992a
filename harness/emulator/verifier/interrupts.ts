/** Regions with interrupts off: process_irq_flag of kernel/bpf/verifier.c. */
import { ERRNO } from "../../../bpf/errno.ts";
import type { RegisterState } from "./register-state.ts";
import { Rejection } from "./rejection.ts";
import type { VerifierState } from "./verifier-state.ts";

const SLOT_BYTES = 8;

/** Which stack slot the pointer to the saved state names. */
function slotOf(flags: RegisterState): string {
  if (flags.type !== "fp" || flags.offset % SLOT_BYTES !== 0 || flags.offset >= 0)
    throw new Rejection(-ERRNO.EINVAL, "arg#0 doesn't point to an irq flag on stack");
  return `${flags.frame}/${flags.offset}`;
}

/** bpf_local_irq_save. @throws {Rejection} where the slot holds a state already */
export function saveInterrupts(state: VerifierState, flags: RegisterState): void {
  const slot = slotOf(flags);
  if (state.irqFlags.includes(slot)) throw new Rejection(-ERRNO.EINVAL, "expected uninitialized irq flag as arg#0");
  state.irqFlags.push(slot);
}

/** bpf_local_irq_restore. @throws {Rejection} where the slot holds no state, or not the one saved last */
export function restoreInterrupts(state: VerifierState, flags: RegisterState): void {
  const slot = slotOf(flags);
  if (!state.irqFlags.includes(slot)) throw new Rejection(-ERRNO.EINVAL, "expected an initialized irq flag as arg#0");
  if (state.irqFlags.pop() !== slot) throw new Rejection(-ERRNO.EACCES, "cannot restore irq state out of order");
}
