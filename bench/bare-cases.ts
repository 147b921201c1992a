/** Compiled scenarios as C: the header that bare-loop.c includes. */
import type { CompiledMap, CompiledProgram, CompiledScenario, CompiledStep } from "../scenario/compiled-scenario.ts";

const INSTRUCTION_BYTES = 8;
const IMMEDIATE_OFFSET = 4;

/** What bare-loop.c can do, as it numbers it. */
const STEP_NUMBER: Partial<Record<CompiledStep["kind"], number>> = {
  "create-map": 0,
  "load-program": 1,
  run: 2,
  update: 3,
  delete: 4,
  lookup: 5,
};

/** Whether the bare loop can execute a case: it lets no time pass, and knows neither pins nor kfuncs. */
export function isBare({ maps, programs, steps }: CompiledScenario): boolean {
  return (
    steps.every((step) => STEP_NUMBER[step.kind] !== undefined && !("cpu" in step)) &&
    maps.every(({ innerMap }) => innerMap === undefined) &&
    programs.every(({ attachTo, relocations }) => !attachTo && relocations.every(({ kind }) => kind === "map"))
  );
}

/** Everything of variable length lies in one array of bytes and is named by where it begins. */
class Blobs {
  readonly #parts: Buffer[] = [];
  #length = 0;

  add(bytes: Buffer): string {
    const from = this.#length;
    this.#parts.push(bytes);
    this.#length += bytes.length;
    return `${from},${bytes.length}`;
  }

  hex = (text: string): string => this.add(Buffer.from(text, "hex"));

  toString(): string {
    return Buffer.concat(this.#parts).join(",");
  }
}

const initializer = (values: readonly (string | number)[]): string => `{${values.join(",")}}`;

/** The bare loop knows things by their places. */
function placeOf(list: readonly { name: string }[], name: string): number {
  return list.findIndex((each) => each.name === name);
}

/** The log map has no place among the others: -1. */
function relocations({ relocations }: CompiledProgram, maps: readonly CompiledMap[]): Buffer {
  const words = relocations.flatMap((relocation) => {
    if (relocation.kind !== "map") throw new Error("the bare loop knows no kfuncs");
    return [relocation.instruction * INSTRUCTION_BYTES + IMMEDIATE_OFFSET, placeOf(maps, relocation.map)];
  });
  return Buffer.from(Int32Array.from(words).buffer);
}

function functions({ funcInfo }: CompiledProgram): Buffer {
  return Buffer.from(Uint32Array.from(funcInfo.flatMap(({ instruction, typeId }) => [instruction, typeId])).buffer);
}

interface Things {
  maps: readonly CompiledMap[];
  programs: readonly CompiledProgram[];
}

function stepOf(step: CompiledStep, { maps, programs }: Things, blobs: Blobs): string {
  const number = STEP_NUMBER[step.kind];
  if (number === undefined) throw new Error(`the bare loop knows no ${step.kind}`);
  const target = "map" in step ? placeOf(maps, step.map) : "program" in step ? placeOf(programs, step.program) : 0;
  const value = step.kind === "update" && "value" in step ? blobs.hex(step.value) : "0,0";
  const key = "key" in step ? Buffer.from(step.key, "hex").readUInt32LE() : 0;
  return initializer([number, target, key, value, "flags" in step ? step.flags : 0]);
}

/** The cases as one header: maps, programs and steps in a row each, and which stretch of them is whose. */
export function bareCases(cases: readonly CompiledScenario[]): string {
  const blobs = new Blobs();
  const maps: string[] = [];
  const programs: string[] = [];
  const steps: string[] = [];
  const stretch = (rows: string[], added: readonly string[]): string => {
    const from = rows.length;
    rows.push(...added);
    return `${from},${added.length}`;
  };
  const rows = cases.map(({ btf, maps: all, logMap, programs: code, steps: todo, parameters }) => {
    const log = all.find(({ name }) => name === logMap);
    if (log === undefined) throw new Error("a case has no log map");
    const ofCase = all.filter((map) => map !== log);
    return initializer([
      blobs.hex(btf),
      blobs.hex(parameters),
      log.valueSize,
      stretch(
        maps,
        ofCase.map(({ type, valueSize, maxEntries, flags, btfKeyTypeId, btfValueTypeId }) =>
          initializer([type, valueSize, maxEntries, flags, btfKeyTypeId, btfValueTypeId]),
        ),
      ),
      stretch(
        programs,
        code.map((each) =>
          initializer([
            each.type,
            each.expectedAttachType,
            each.flags,
            each.testRunBytes,
            blobs.hex(each.instructions),
            blobs.add(relocations(each, ofCase)),
            blobs.add(functions(each)),
          ]),
        ),
      ),
      stretch(
        steps,
        todo.map((step) => stepOf(step, { maps: ofCase, programs: code }, blobs)),
      ),
    ]);
  });
  return [
    `static const struct bare_map maps[] = {${maps.join(",\n")}};`,
    `static const struct bare_program programs[] = {${programs.join(",\n")}};`,
    `static const struct bare_step steps[] = {${steps.join(",\n")}};`,
    `static const struct bare_case cases[] = {${rows.join(",\n")}};`,
    `static const unsigned char blobs[] __attribute__((aligned(8))) = {${blobs}};`,
  ].join("\n");
}
