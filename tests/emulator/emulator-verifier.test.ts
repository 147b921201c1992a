import { describe, expect, test } from "vitest";
import {
  type Assembler,
  add,
  alu64,
  callHelper,
  exit,
  load,
  mov,
  R0,
  R1,
  R2,
  R3,
  R6,
  R10,
  store,
} from "../../bpf/assembler.ts";
import { ERRNO } from "../../bpf/errno.ts";
import { BPF_F_RDONLY_PROG, HELPER } from "../../bpf/uapi.ts";
import { mapName } from "../../scenario/names.ts";
import type { ProgramType } from "../../scenario/program-types.ts";
import type { MapSpec } from "../../scenario/scenario.ts";
import { timerMap, VERSIONS } from "./emulator-scenarios.ts";
import { cancel, end, type Handmade, loadResult, lookup, TIMER_OFFSET, timer } from "./handmade.ts";

const { EACCES, EINVAL, ENOTSUPP } = ERRNO;

const usesTimer = (prepare: (asm: Assembler) => unknown) => (asm: Assembler) => {
  lookup(asm);
  prepare(asm);
  end(asm.emit(cancel));
};

/** Sets a callback whose body is given. */
const withCallback = (body: (asm: Assembler) => unknown) => (asm: Assembler) => {
  timer(lookup(asm)).loadFunction(R2, "callback").emit(callHelper(HELPER.timer_set_callback));
  end(asm);
  body(asm.label("callback"));
};
const callbackFunction = [{ label: "callback" }];

describe.each(VERSIONS)("the load check, %s", (version) => {
  /** What a bad timer argument gives: until 6.2 the verifier turned every errno into -EACCES. */
  const special = version === "6.1" ? -EACCES : -EINVAL;
  const result = async (program: Handmade): Promise<number> => (await loadResult(program, version)).result;
  const message = async (program: Handmade): Promise<string | undefined> =>
    (await loadResult(program, version)).message;

  test("a program that does as it should loads", async () => {
    expect(await result({ build: usesTimer(timer) })).toBe(0);
  });

  test("the timer's offset is the right one", async () => {
    const build = usesTimer((asm) => timer(asm, 0));
    expect(await result({ build })).toBe(special);
    expect(await message({ build })).toBe("off 0 doesn't point to 'struct bpf_timer' that is at 8");
  });

  test("the timer's offset is constant", async () => {
    const build = usesTimer((asm) =>
      timer(asm.emit(callHelper(HELPER.get_prandom_u32), alu64("and", R0, 8))).emit(add(R1, R0)),
    );
    expect(await result({ build })).toBe(special);
    expect(await message({ build })).toContain("doesn't have constant offset");
  });

  test("an offset computed from constants is constant", async () => {
    expect(
      await result({ build: usesTimer((asm) => asm.emit(mov(R3, 4), alu64("lsh", R3, 1), mov(R1, R6), add(R1, R3))) }),
    ).toBe(0);
  });

  test("the pointer has been compared with NULL", async () => {
    const build = (asm: Assembler) =>
      asm
        .emit(store("w", R10, -4, 1), mov(R2, R10), add(R2, -4))
        .loadMap(R1, "m0")
        .emit(callHelper(HELPER.map_lookup_elem), mov(R1, R0), cancel, mov(R0, 0), exit());
    expect(await result({ build })).toBe(-EACCES);
    expect(await message({ build })).toContain("map_value_or_null");
  });

  test.each<[string, (asm: Assembler) => Assembler]>([
    ["a number", (asm) => asm.emit(mov(R1, 5))],
    ["the stack", (asm) => asm.emit(mov(R1, R10), add(R1, -16))],
    ["a map", (asm) => asm.loadMap(R1, "m0")],
  ])("%s is no timer", async (_, prepare) => {
    expect(await result({ build: usesTimer(prepare) })).toBe(-EACCES);
  });

  test("the map has BTF", async () => {
    const program = { build: usesTimer(timer), maps: [timerMap("hash", { btf: false })] };
    expect(await result(program)).toBe(special);
    expect(await message(program)).toBe("map 'm0' has to have BTF in order to use bpf_timer");
  });

  test("the map's value has a timer, and only one", async () => {
    const none = { size: 24, fields: [{ kind: "u64" as const, offset: 0 }] };
    const two = { size: 40, fields: [8, 24].map((offset) => ({ kind: "timer" as const, offset })) };
    for (const value of [none, two])
      expect(await result({ build: usesTimer(timer), maps: [timerMap("hash", { value })] })).toBe(special);
  });

  test("bpf_timer_init is given the timer's own map", async () => {
    const build = (map: number) => (asm: Assembler) =>
      end(timer(lookup(asm)).loadMap(R2, mapName(map)).emit(mov(R3, 1), callHelper(HELPER.timer_init)));
    const maps = [timerMap(), timerMap()];
    expect(await result({ build: build(0), maps })).toBe(0);
    expect(await result({ build: build(1), maps })).toBe(-EINVAL);
  });

  test("elements of two inner maps do not mix", async () => {
    const outer = timerMap("array-of-maps", { value: { size: 4, fields: [] }, btf: false, innerMap: 0 });
    const inner = (asm: Assembler, slot: number) =>
      asm
        .emit(store("w", R10, -4, 0), mov(R2, R10), add(R2, -4))
        .loadMap(R1, "m1")
        .emit(callHelper(HELPER.map_lookup_elem))
        .jumpIf("eq", R0, 0, "end")
        .emit(store("dw", R10, slot, R0));
    const build = (map: number) => (asm: Assembler) => {
      inner(inner(asm, -16), -24)
        .emit(load("dw", R1, R10, -16), mov(R2, R10), add(R2, -4), callHelper(HELPER.map_lookup_elem))
        .jumpIf("eq", R0, 0, "end")
        .emit(mov(R6, R0));
      end(timer(asm).emit(load("dw", R2, R10, map), mov(R3, 1), callHelper(HELPER.timer_init)));
    };
    const maps = [timerMap(), outer];
    expect(await result({ build: build(-16), maps })).toBe(0);
    expect(await result({ build: build(-24), maps })).toBe(-EINVAL);
  });

  test.each<[string, (asm: Assembler) => Assembler]>([
    ["load", (asm) => asm.emit(load("dw", R0, R6, TIMER_OFFSET))],
    ["store", (asm) => asm.emit(store("dw", R6, TIMER_OFFSET + 8, 0))],
    ["byte across its end", (asm) => asm.emit(load("b", R0, R6, TIMER_OFFSET + 15))],
  ])("no %s reaches the timer's bytes", async (_, access) => {
    const build = (asm: Assembler) => end(access(lookup(asm)));
    expect(await result({ build })).toBe(-EACCES);
    expect(await message({ build })).toBe("bpf_timer cannot be accessed directly by load/store");
  });

  test("what lies beside the timer is free to use", async () => {
    const build = (asm: Assembler) => end(lookup(asm).emit(load("dw", R0, R6, 0), store("dw", R6, 0, R0)));
    expect(await result({ build })).toBe(0);
    expect(await result({ build, maps: [timerMap("hash", { flags: BPF_F_RDONLY_PROG, btf: false })] })).toBe(-EACCES);
  });

  test.each([
    [0, 0],
    [1, -EINVAL],
    [-1, -EINVAL],
  ])("a callback that returns %i: %i", async (returns, expected) => {
    const build = withCallback((asm) => asm.emit(mov(R0, returns), exit()));
    expect(await result({ build, functions: callbackFunction })).toBe(expected);
  });

  test("a callback that returns what it does not know", async () => {
    const build = withCallback((asm) => asm.emit(load("w", R0, R2, 0), exit()));
    expect(await result({ build, functions: callbackFunction })).toBe(-EINVAL);
  });

  test("a callback that returns a pointer, or nothing", async () => {
    const pointer = withCallback((asm) => asm.emit(mov(R0, R1), exit()));
    expect(await result({ build: pointer, functions: callbackFunction })).toBe(-EINVAL);
    expect(await result({ build: withCallback((asm) => asm.emit(exit())), functions: callbackFunction })).toBe(-EACCES);
  });

  test("a callback has its map, its key and its value, and may set itself again", async () => {
    const build = withCallback((asm) =>
      asm
        .emit(mov(R6, R3), load("w", R1, R2, 0), mov(R1, R6), add(R1, TIMER_OFFSET))
        .loadFunction(R2, "callback")
        .emit(callHelper(HELPER.timer_set_callback), mov(R0, 0), exit()),
    );
    expect(await result({ build, functions: callbackFunction })).toBe(0);
  });

  test("a callback is a static function", async () => {
    const build = withCallback((asm) => asm.emit(mov(R0, 0), exit()));
    expect(await result({ build, functions: [{ label: "callback", linkage: "global" }] })).toBe(-EINVAL);
    const number = (asm: Assembler) => end(timer(lookup(asm)).emit(mov(R2, 0), callHelper(HELPER.timer_set_callback)));
    expect(await result({ build: number })).toBe(-EACCES);
  });

  test("func_info lists exactly the functions", async () => {
    const build = withCallback((asm) => asm.emit(mov(R0, 0), exit()));
    expect(await result({ build })).toBe(-EINVAL);
    expect(await result({ build: usesTimer(timer), functions: [{ label: "end" }] })).toBe(-EINVAL);
  });

  test("the helpers are for GPL-compatible programs", async () => {
    expect(await result({ build: usesTimer(timer), license: "Dual BSD/GPL" })).toBe(0);
    expect(await result({ build: usesTimer(timer), license: "Proprietary" })).toBe(-EINVAL);
  });

  test.each<[ProgramType, number]>([
    ["xdp", 0],
    ["cgroup-skb", 0],
    ["struct-ops", 0],
    ["lsm", 0],
    ["syscall", 0],
    ["tracing", 0],
    ["kprobe", -EINVAL],
    ["tracepoint", -EINVAL],
    ["raw-tracepoint", -EINVAL],
    ["perf-event", -EINVAL],
    ["ext", -EINVAL],
    ["lirc-mode2", -EINVAL],
  ])("program type %s: %i", async (type, expected) => {
    expect(await result({ build: usesTimer(timer), type })).toBe(expected);
  });

  const locked: MapSpec = timerMap("hash", {
    value: {
      size: 24,
      fields: [
        { kind: "spin-lock", offset: 0 },
        { kind: "timer", offset: 8 },
      ],
    },
  });
  const lock = (asm: Assembler) => asm.emit(mov(R1, R6), callHelper(HELPER.spin_lock));
  const unlock = (asm: Assembler) => asm.emit(mov(R1, R6), callHelper(HELPER.spin_unlock));

  test("no timer helper under a spin lock", async () => {
    const build = (asm: Assembler) => end(unlock(timer(lock(lookup(asm))).emit(cancel)));
    expect(await result({ build, maps: [locked] })).toBe(-EINVAL);
    const after = (asm: Assembler) => end(timer(unlock(lock(lookup(asm)))).emit(cancel));
    expect(await result({ build: after, maps: [locked] })).toBe(0);
  });

  test("a lock is released, by the program that is allowed one", async () => {
    expect(await result({ build: (asm) => end(lock(lookup(asm))), maps: [locked] })).toBe(-EINVAL);
    const build = (asm: Assembler) => end(unlock(lock(lookup(asm))));
    expect(await result({ build, maps: [locked], type: "socket-filter" })).toBe(-EINVAL);
    expect(await result({ build, maps: [locked], type: "syscall" })).toBe(version === "6.1" ? -EINVAL : 0);
  });

  test("an instruction that nothing reaches, a jump out of the function, a register never written", async () => {
    expect(await result({ build: (asm) => asm.emit(mov(R0, 0), exit(), mov(R0, 0), exit()) })).toBe(-EINVAL);
    expect(await result({ build: (asm) => asm.emit(mov(R0, R6), exit()) })).toBe(-EACCES);
    expect(await result({ build: (asm) => asm.emit(mov(R0, 0)) })).toBe(-EINVAL);
  });

  test("direct access to an array's value needs an array of one element", async () => {
    const build = (asm: Assembler) => end(asm.loadMapValue(R1, "m0", 0).emit(load("dw", R0, R1, 0)));
    expect(await result({ build, maps: [timerMap("array", { maxEntries: 1 })] })).toBe(0);
    expect(await result({ build, maps: [timerMap("array", { maxEntries: 2 })] })).toBe(-ENOTSUPP);
  });

  test("a value is not read past its end", async () => {
    expect(await result({ build: (asm) => end(lookup(asm).emit(load("dw", R0, R6, 24))) })).toBe(-EACCES);
    expect(await result({ build: (asm) => end(lookup(asm).emit(load("dw", R0, R6, -8))) })).toBe(-EACCES);
  });

  test("a global function is called with numbers, a static one followed", async () => {
    const build = (linkage: "static" | "global") => ({
      build: (asm: Assembler) => {
        timer(lookup(asm)).callFunction("callee");
        end(asm).label("callee").emit(cancel, mov(R0, 0), exit());
      },
      functions: [{ label: "callee", linkage }],
    });
    expect(await result(build("static"))).toBe(0);
    expect(await result(build("global"))).toBe(-EACCES);
  });
});

describe("what the processor id tells", () => {
  const build = usesTimer((asm) =>
    timer(asm.emit(callHelper(HELPER.get_smp_processor_id), alu64("and", R0, 8))).emit(add(R1, R0)),
  );

  test("6.1 does not know it, 6.12 knows that it is below 8", async () => {
    expect((await loadResult({ build }, "6.1")).result).toBe(-EACCES);
    expect((await loadResult({ build }, "6.12")).result).toBe(0);
  });
});
