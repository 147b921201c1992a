/** Programs assembled by hand for the load check, and the pieces that most of them have. */
import { Assembler, add, callHelper, exit, mov, R0, R1, R2, R6, R10, store } from "../../bpf/assembler.ts";
import { BtfWriter } from "../../bpf/btf.ts";
import { encodeInstructions } from "../../bpf/instruction.ts";
import { HELPER } from "../../bpf/uapi.ts";
import { scenario } from "../../scenario/build.ts";
import { compile } from "../../scenario/compile.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { mapName } from "../../scenario/names.ts";
import { PROGRAM_TYPE_LOADING, type ProgramType } from "../../scenario/program-types.ts";
import type { MapSpec } from "../../scenario/scenario.ts";
import type { StepResult } from "../../scenario/trace.ts";
import { execute, timerMap } from "./emulator-scenarios.ts";

export const TIMER_OFFSET = 8;

export interface Handmade {
  readonly build: (asm: Assembler) => unknown;
  readonly maps?: MapSpec[];
  readonly type?: ProgramType;
  readonly license?: string;
  /** The functions func_info lists, each static (the default) or global. */
  readonly functions?: readonly { readonly label: string; readonly linkage?: "static" | "global" }[];
}

/** A scenario whose one program is assembled by hand; map 0 has a timer unless `maps` says otherwise. */
export function handmade({
  build,
  maps = [timerMap()],
  type = "sched-cls",
  license = "GPL",
  functions = [],
}: Handmade) {
  const compiled = compile(scenario(maps, [], []));
  const asm = new Assembler();
  build(asm.label("program"));
  const { instructions, relocations, labels } = asm.assemble();
  // The program's functions are described by a BTF of their own, appended where the maps need none: ids are read here.
  const writer = new BtfWriter();
  const int = writer.int("int", 4, 1);
  const pointer = writer.ptr(0);
  const u64 = writer.int("unsigned long", 8);
  const timer = writer.struct("bpf_timer", 16, [{ name: "opaque", typeId: u64, offsetBytes: 0 }]);
  const lock = writer.struct("bpf_spin_lock", 4, [{ name: "val", typeId: int, offsetBytes: 0 }]);
  const proto = writer.funcProto(int, []);
  const members = { u64, timer, "spin-lock": lock, "work-queue": u64 };
  const values = maps.map(({ value }, at) =>
    writer.struct(
      `value${at}`,
      value.size,
      value.fields.map(({ kind, offset }) => ({ name: `f${offset}`, typeId: members[kind], offsetBytes: offset })),
    ),
  );
  const main = writer.func("program", writer.funcProto(int, [{ name: "ctx", typeId: pointer }]), "global");
  const funcInfo = [
    { instruction: 0, typeId: main },
    ...functions.map(({ label, linkage = "static" }) => ({
      instruction: labels.get(label) ?? -1,
      typeId: writer.func(label, proto, linkage),
    })),
  ].sort((a, b) => a.instruction - b.instruction);
  const { testRunBytes = 0, ...loading } = PROGRAM_TYPE_LOADING[type] as (typeof PROGRAM_TYPE_LOADING)["sched-cls"];
  const whole: CompiledScenario = {
    ...compiled,
    btf: Buffer.from(writer.encode()).toString("hex"),
    maps: compiled.maps.map((map, at) => ({
      ...map,
      btfKeyTypeId: map.btfKeyTypeId === 0 ? 0 : int,
      btfValueTypeId: map.btfValueTypeId === 0 ? 0 : (values[at] ?? 0),
    })),
    programs: [
      {
        name: "p0",
        ...loading,
        license,
        instructions: Buffer.from(encodeInstructions(instructions)).toString("hex"),
        relocations,
        funcInfo,
        callbacks: [],
        testRunBytes,
      },
    ],
    steps: [...compiled.steps, { kind: "load-program", program: "p0" }],
  };
  return whole;
}

export async function loadResult(program: Handmade, version: string): Promise<StepResult> {
  const trace = await execute(handmade(program), `emulator:${version}`);
  const last = trace.steps.at(-1);
  if (last === undefined) throw new Error("no steps");
  return last;
}

/** Looks element `key` of a map up, ends the program where it is missing, and leaves it in register 6. */
export const lookup = (asm: Assembler, map = 0): Assembler =>
  asm
    .emit(store("w", R10, -4, 1), mov(R2, R10), add(R2, -4))
    .loadMap(R1, mapName(map))
    .emit(callHelper(HELPER.map_lookup_elem))
    .jumpIf("eq", R0, 0, "end")
    .emit(mov(R6, R0));

export const end = (asm: Assembler): Assembler => asm.label("end").emit(mov(R0, 0), exit());
export const timer = (asm: Assembler, offset = TIMER_OFFSET): Assembler => asm.emit(mov(R1, R6), add(R1, offset));
export const cancel = callHelper(HELPER.timer_cancel);
