/**
 * Programs that the load check has to take or to refuse, each with what it says: calls between functions, stacks, locks,
 * interrupts and arguments of helpers (kernel/bpf/verifier.c; the function stands beside each).
 */
import { describe, expect, test } from "vitest";
import {
  type Assembler,
  add,
  atomic,
  callHelper,
  exit,
  load,
  mov,
  R0,
  R1,
  R2,
  R3,
  R6,
  R7,
  R10,
  store,
} from "../../bpf/assembler.ts";
import { BPF_F_RDONLY_PROG, HELPER } from "../../bpf/uapi.ts";
import type { MapSpec } from "../../scenario/scenario.ts";
import { timerMap } from "./emulator-scenarios.ts";
import { end, type Handmade, loadResult, lookup, timer } from "./handmade.ts";

/** What loading says: "loads", or the last line of the verifier's log. */
async function loading(program: Handmade, version = "7.2"): Promise<string> {
  const { result, message } = await loadResult(program, version);
  return result === 0 ? "loads" : (message ?? String(result));
}

const lockedMap: MapSpec = timerMap("hash", {
  value: {
    size: 24,
    fields: [
      { kind: "spin-lock", offset: 0 },
      { kind: "timer", offset: 8 },
    ],
  },
});
const lock = (asm: Assembler): Assembler => asm.emit(mov(R1, R6), callHelper(HELPER.spin_lock));
const unlock = (asm: Assembler): Assembler => asm.emit(mov(R1, R6), callHelper(HELPER.spin_unlock));
const done = (asm: Assembler): Assembler => asm.emit(mov(R0, 0), exit());
const irq = (asm: Assembler, what: "save" | "restore", at = -8): Assembler =>
  asm.emit(mov(R1, R10), add(R1, at)).callKfunc(`bpf_local_irq_${what}`);

/** A chain of functions, each using some bytes of its stack before it calls the next. */
const chain = (count: number, bytes: number): Handmade => ({
  build: (asm) => {
    for (let at = 0; at < count; at++) {
      if (at > 0) asm.label(`f${at}`);
      if (bytes > 0) asm.emit(store("b", R10, -bytes, 0));
      if (at + 1 < count) asm.callFunction(`f${at + 1}`);
      done(asm);
    }
  },
  functions: Array.from({ length: count - 1 }, (_, at) => ({ label: `f${at + 1}` })),
});

/** A program that calls a function and goes on with what it returns. */
const calling = (
  before: (asm: Assembler) => unknown,
  callee: (asm: Assembler) => unknown,
  linkage: "static" | "global" = "static",
): Handmade => ({
  build: (asm) => {
    before(asm);
    done(asm.callFunction("callee"));
    callee(asm.label("callee"));
  },
  functions: [{ label: "callee", linkage }],
});

const LOADS = "loads";
const TOO_DEEP = "the call stack of 9 frames is too deep";

const rows: readonly (readonly [name: string, program: Handmade, says: string | RegExp])[] = [
  // check_func_call, check_max_stack_depth
  ["eight functions deep", chain(8, 0), LOADS],
  ["nine functions deep", chain(9, 0), TOO_DEEP],
  ["stacks of 512 bytes together", chain(2, 256), LOADS],
  ["stacks of more than 512 bytes together", chain(2, 257), "combined stack size of calls is 544. Too large"],
  ["a stack of 512 bytes", chain(1, 512), LOADS],
  // check_func_call: a callee has the caller's arguments, and the caller loses them
  [
    "a callee reads its argument",
    calling(
      (asm) => asm.emit(mov(R1, 1)),
      (asm) => asm.emit(mov(R0, R1), exit()),
    ),
    LOADS,
  ],
  [
    "a callee does not have the caller's R6",
    calling(
      (asm) => asm.emit(mov(R6, 1)),
      (asm) => asm.emit(mov(R0, R6), exit()),
    ),
    "R6 !read_ok",
  ],
  [
    "a caller has lost its arguments after a call",
    {
      build: (asm) => {
        asm.emit(mov(R1, 1)).callFunction("callee").emit(mov(R0, R1), exit());
        done(asm.label("callee"));
      },
      functions: [{ label: "callee" }],
    },
    "R1 !read_ok",
  ],
  [
    "a caller keeps R6, and has what the callee returns",
    {
      build: (asm) => {
        asm.emit(mov(R6, 1)).callFunction("callee").emit(add(R0, R6), exit());
        done(asm.label("callee"));
      },
      functions: [{ label: "callee" }],
    },
    LOADS,
  ],
  // prepare_func_exit
  [
    "a callee returns a pointer into its stack",
    calling(
      () => undefined,
      (asm) => asm.emit(mov(R0, R10), exit()),
    ),
    "cannot return stack pointer to the caller",
  ],
  [
    "a callee returns nothing",
    calling(
      () => undefined,
      (asm) => asm.emit(exit()),
    ),
    "R0 !read_ok",
  ],
  // btf_check_subprog_call and do_check_common of global functions
  [
    "a global function returns a number",
    calling(
      (asm) => asm.emit(mov(R1, 1)),
      (asm) => done(asm),
      "global",
    ),
    LOADS,
  ],
  [
    "a global function returns a pointer",
    calling(
      (asm) => asm.emit(mov(R1, 1)),
      (asm) => asm.emit(mov(R0, R10), exit()),
      "global",
    ),
    /R0 is not a known value/,
  ],
  // process_spin_lock
  ["a lock is taken and given back", { build: (asm) => end(unlock(lock(lookup(asm)))), maps: [lockedMap] }, LOADS],
  [
    "a lock is taken twice",
    { build: (asm) => end(lock(lock(lookup(asm)))), maps: [lockedMap] },
    "function calls are not allowed while holding a lock",
  ],
  [
    "a lock is given back that was not taken",
    { build: (asm) => end(unlock(lookup(asm))), maps: [lockedMap] },
    "bpf_spin_unlock without taking a lock",
  ],
  [
    "a lock is kept at the end",
    { build: (asm) => end(lock(lookup(asm))), maps: [lockedMap] },
    "bpf_spin_unlock is missing",
  ],
  [
    "a lock is looked for where there is none",
    {
      build: (asm) => end(asm.emit().loadMap(R1, "m0") && lookup(asm).emit(mov(R1, R6), callHelper(HELPER.spin_lock))),
    },
    "map 'm0' has no valid bpf_spin_lock",
  ],
  [
    "a lock is looked for beside it",
    { build: (asm) => end(lookup(asm).emit(mov(R1, R6), add(R1, 4), callHelper(HELPER.spin_lock))), maps: [lockedMap] },
    "off 4 doesn't point to 'struct bpf_spin_lock'",
  ],
  [
    "a lock without BTF",
    { build: (asm) => end(lock(lookup(asm))), maps: [{ ...lockedMap, btf: false }] },
    "map 'm0' has to have BTF in order to use bpf_spin_lock",
  ],
  [
    "the lock of another element is given back",
    {
      build: (asm) => {
        lookup(asm).emit(mov(R7, R6));
        lookup(asm).emit(mov(R1, R7), callHelper(HELPER.spin_lock));
        end(unlock(asm));
      },
      maps: [lockedMap],
    },
    "bpf_spin_unlock of different lock",
  ],
  [
    "no lock may be held over a helper",
    { build: (asm) => end(unlock(lock(lookup(asm)).emit(callHelper(HELPER.ktime_get_ns)))), maps: [lockedMap] },
    "function calls are not allowed while holding a lock",
  ],
  // process_irq_flag
  ["interrupts go off and on", { build: (asm) => done(irq(irq(asm, "save"), "restore")) }, LOADS],
  [
    "interrupts go off twice, and on the other way round",
    { build: (asm) => done(irq(irq(irq(irq(asm, "save"), "save", -16), "restore", -16), "restore")) },
    LOADS,
  ],
  [
    "interrupts go on out of order",
    { build: (asm) => done(irq(irq(irq(asm, "save"), "save", -16), "restore")) },
    "cannot restore irq state out of order",
  ],
  [
    "a state is saved where one is",
    { build: (asm) => done(irq(irq(asm, "save"), "save")) },
    "expected uninitialized irq flag as arg#0",
  ],
  [
    "a state is restored that was not saved",
    { build: (asm) => done(irq(asm, "restore")) },
    "expected an initialized irq flag as arg#0",
  ],
  ["interrupts are off at the end", { build: (asm) => done(irq(asm, "save")) }, /^BPF_EXIT instruction in main prog/],
  [
    "the state lies on the stack",
    { build: (asm) => done(asm.emit(mov(R1, 8)).callKfunc("bpf_local_irq_save")) },
    "arg#0 doesn't point to an irq flag on stack",
  ],
  [
    "the state lies in whole slots",
    { build: (asm) => done(irq(asm, "save", -4)) },
    "arg#0 doesn't point to an irq flag on stack",
  ],
  [
    "the state lies below the frame's end",
    { build: (asm) => done(irq(asm, "save", 0)) },
    "arg#0 doesn't point to an irq flag on stack",
  ],
  // check_kfunc_call
  [
    "a kfunc needs a GPL-compatible licence",
    { build: (asm) => done(irq(irq(asm, "save"), "restore")), license: "Proprietary" },
    "cannot call kernel function from non-GPL compatible program",
  ],
  [
    "a kfunc needs its argument",
    { build: (asm) => done(asm.emit(callHelper(HELPER.ktime_get_ns)).callKfunc("bpf_local_irq_save")) },
    "R1 !read_ok",
  ],
  [
    "a kfunc that saves interrupts returns nothing",
    { build: (asm) => irq(irq(asm, "save"), "restore").emit(exit()) },
    "R0 !read_ok",
  ],
  [
    "a kfunc that cancels returns a number",
    {
      build: (asm) => {
        timer(lookup(asm)).callKfunc("bpf_timer_cancel_async").emit(exit());
        done(asm.label("end"));
      },
    },
    LOADS,
  ],
  [
    "a kfunc that cancels takes a timer",
    { build: (asm) => done(asm.emit(mov(R1, R10)).callKfunc("bpf_timer_cancel_async")) },
    "R1 type=fp expected=map_value",
  ],
  [
    "a kfunc that is nowhere is refused where it is reached",
    { build: (asm) => done(asm.callKfunc("bpf_no_such")) },
    /^calling kernel function bpf_no_such#\d+ is not allowed$/,
  ],
  // get_func_proto
  ["a helper that is nowhere", { build: (asm) => done(asm.emit(callHelper(HELPER.timer_cancel + 10_000))) }, /unknown/],
  // check_func_arg
  [
    "a key may be what nobody wrote, to a process with privileges (allow_uninit_stack)",
    {
      build: (asm) =>
        end(
          asm
            .emit(mov(R2, R10), add(R2, -4))
            .loadMap(R1, "m0")
            .emit(callHelper(HELPER.map_lookup_elem))
            .jumpIf("eq", R0, 0, "end"),
        ),
    },
    LOADS,
  ],
  [
    "a map is a map",
    { build: (asm) => done(asm.emit(mov(R1, 0), callHelper(HELPER.map_lookup_elem))) },
    "R1 type=scalar expected=map_ptr",
  ],
  [
    "an argument was written",
    { build: (asm) => done(asm.emit(mov(R1, R10), callHelper(HELPER.ktime_get_ns), callHelper(HELPER.timer_cancel))) },
    "R1 !read_ok",
  ],
  [
    "a callback is a function",
    { build: (asm) => end(timer(lookup(asm)).emit(mov(R2, 0), callHelper(HELPER.timer_set_callback))) },
    "R2 type=scalar expected=func",
  ],
  [
    "a helper leaves nothing in its arguments",
    { build: (asm) => asm.emit(mov(R2, 1), callHelper(HELPER.ktime_get_ns), mov(R0, R2), exit()) },
    "R2 !read_ok",
  ],
  [
    "nor R5",
    { build: (asm) => asm.emit(mov(R3, 1), callHelper(HELPER.ktime_get_ns), mov(R0, R3), exit()) },
    "R3 !read_ok",
  ],
  [
    "spin_lock returns nothing",
    {
      build: (asm) =>
        unlock(lock(lookup(asm)))
          .emit(exit())
          .label("end")
          .emit(mov(R0, 0), exit()),
      maps: [lockedMap],
    },
    "R0 !read_ok",
  ],
  // check_helper_call
  [
    "a map that programs only read is not updated",
    {
      build: (asm) =>
        end(
          asm
            .emit(store("w", R10, -4, 1), mov(R2, R10), add(R2, -4))
            .loadMap(R1, "m0")
            .emit(callHelper(HELPER.map_delete_elem))
            .jumpIf("eq", R0, 0, "end"),
        ),
      maps: [timerMap("hash", { flags: BPF_F_RDONLY_PROG, btf: false })],
    },
    "write into map forbidden",
  ],
  // check_mem_access
  [
    "the frame pointer is not written",
    { build: (asm) => done(asm.emit(load("dw", R10, R1, 0))) },
    "frame pointer is read only",
  ],
  ["a register is written before it is read", { build: (asm) => done(asm.emit(load("dw", R0, R7, 0))) }, "R7 !read_ok"],
  ["what is stored was written before", { build: (asm) => done(asm.emit(store("dw", R10, -8, R7))) }, "R7 !read_ok"],
  ["a store goes somewhere", { build: (asm) => done(asm.emit(store("dw", R7, -8, 1))) }, "R7 !read_ok"],
  [
    "so may what an atomic addition changes",
    { build: (asm) => done(asm.emit(mov(R1, 1), atomic("add", "dw", R10, -8, R1))) },
    LOADS,
  ],
  [
    "it changes the stack",
    { build: (asm) => done(asm.emit(store("dw", R10, -8, 0), mov(R1, 1), atomic("add", "dw", R10, -8, R1))) },
    LOADS,
  ],
  // check_ld_imm, check_return_code
  [
    "a callback is not the program itself",
    { build: (asm) => end(timer(lookup(asm)).loadFunction(R2, "program").emit(callHelper(HELPER.timer_set_callback))) },
    /callback function/,
  ],
  ["a program returns what it may", { build: (asm) => asm.emit(mov(R0, 1), exit()), type: "cgroup-sock" }, LOADS],
  [
    "a program returns more than it may",
    { build: (asm) => asm.emit(mov(R0, 2), exit()), type: "cgroup-sock" },
    /has 2 .*should have been in \[0, 1\]/,
  ],
  [
    "a program returns less than it may",
    { build: (asm) => asm.emit(mov(R0, -1), exit()), type: "cgroup-sock" },
    /should have been in \[0, 1\]/,
  ],
  [
    "a program returns what nobody knows",
    { build: (asm) => asm.emit(callHelper(HELPER.get_prandom_u32), exit()), type: "cgroup-sock" },
    /unknown scalar value should have been/,
  ],
  [
    "a program returns a pointer where it may return anything",
    { build: (asm) => asm.emit(mov(R0, R1), exit()) },
    LOADS,
  ],
  [
    "a program returns a pointer where it may not",
    { build: (asm) => asm.emit(mov(R0, R1), exit()), type: "cgroup-sock" },
    /R0 is not a known value \(ctx\)/,
  ],
  ["a program returns nothing", { build: (asm) => asm.emit(exit()) }, "R0 !read_ok"],
];

describe("programs on emulator:7.2", () => {
  test.each(rows)("%s", async (_, program, says) => {
    expect(await loading(program)).toMatch(says);
  });
});

/** What differs between releases. */
const olderRows: readonly (readonly [name: string, program: Handmade, version: string, says: string | RegExp])[] = [
  ["6.1 rounds stacks up to 32 bytes, empty ones too", chain(2, 225), "6.1", LOADS],
  ["6.1 counts an empty stack", chain(8, 480 / 8), "6.1", LOADS],
  ["6.1 has no room for so many", chain(8, 65), "6.1", "combined stack size of calls is 768. Too large"],
  ["7.2 rounds up to 16 bytes", chain(8, 65), "7.2", "combined stack size of calls is 640. Too large"],
  ["7.2 has room for eight of 64", chain(8, 64), "7.2", LOADS],
  [
    "6.1 has no call of a static function under a lock",
    {
      build: (asm) => {
        end(unlock(lock(lookup(asm)).callFunction("f")));
        done(asm.label("f"));
      },
      maps: [lockedMap],
      functions: [{ label: "f" }],
    },
    "6.1",
    "function calls are not allowed while holding a lock",
  ],
  [
    "7.2 has",
    {
      build: (asm) => {
        end(unlock(lock(lookup(asm)).callFunction("f")));
        done(asm.label("f"));
      },
      maps: [lockedMap],
      functions: [{ label: "f" }],
    },
    "7.2",
    LOADS,
  ],
  [
    "but not of a global one",
    {
      build: (asm) => {
        end(unlock(lock(lookup(asm)).callFunction("f")));
        done(asm.label("f"));
      },
      maps: [lockedMap],
      functions: [{ label: "f", linkage: "global" }],
    },
    "7.2",
    /^global function calls are not allowed while holding a lock/,
  ],
  [
    "6.1 names a missing lock otherwise",
    { build: (asm) => end(lock(lookup(asm))) },
    "6.1",
    "map 'm0' doesn't have 'struct bpf_spin_lock'",
  ],
];

describe("programs on other releases", () => {
  test.each(olderRows)("%s", async (_, program, version, says) => {
    expect(await loading(program, version)).toMatch(says);
  });
});
