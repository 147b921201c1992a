/** Whether a program that was not loaded was refused for what is in it. */
import { ERRNO } from "../bpf/errno.ts";

/** Why a program is not loaded whatever is in it: the process lacks a map's descriptor, or the right to load. */
const OF_THE_PROCESS: ReadonlySet<number> = new Set([-ERRNO.EBADF, -ERRNO.EPERM]);

/** Whether the result of a load is the word of a verifier. */
export const isRefusal = (result: number): boolean => result < 0 && !OF_THE_PROCESS.has(result);
