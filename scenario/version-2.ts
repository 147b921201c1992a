/**
 * Compiled scenarios of format version 2, which saved cases may still have: maps and programs are named by their
 * places, keys are numbers, and a reader has to find timers and callbacks in the BTF.
 */
import { z } from "zod";
import { type Btf, readBtf } from "../bpf/btf.ts";
import {
  COMPILED_SCENARIO_VERSION,
  type CompiledProgram,
  type CompiledScenario,
  type CompiledStep,
  compiledMapSchema,
  compiledProgramSchema,
  compiledScenarioSchema,
  compiledStepSchema,
  originSchema,
  relocationSchema,
  type SpecialField,
} from "./compiled-scenario.ts";
import { keyText } from "./key.ts";
import { keySchema } from "./scenario.ts";
import { ScenarioError } from "./scenario-error.ts";

export const VERSION_2 = 2;

const place = z.int().nonnegative();

const mapSchema = compiledMapSchema.omit({ specialFields: true }).extend({ innerMap: place.optional() });
const [, kfuncRelocationSchema] = relocationSchema.options;
const programSchema = compiledProgramSchema.omit({ callbacks: true }).extend({
  relocations: z.array(
    z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("map"), instruction: place, map: place }),
      kfuncRelocationSchema,
    ]),
  ),
});

/** A step with numbers where there are names and bytes today; which of them a kind has is checked once it has those. */
const stepSchema = z.looseObject({
  kind: z.string(),
  map: place.optional(),
  program: place.optional(),
  valueMap: place.optional(),
  key: keySchema.optional(),
});

const executableSchema = compiledScenarioSchema.omit({ origin: true }).extend({
  version: z.literal(VERSION_2),
  maps: z.array(mapSchema),
  logMap: place,
  programs: z.array(programSchema),
  steps: z.array(stepSchema),
});
type Executable = z.infer<typeof executableSchema>;

const FIELD_KINDS: Readonly<Record<string, SpecialField["kind"]>> = {
  bpf_timer: "timer",
  bpf_spin_lock: "spin-lock",
  bpf_wq: "work-queue",
};

/** The special fields in a type that begins at an offset, in structs and arrays of one too. */
function specialFieldsIn(btf: Btf, typeId: number, offset: number): SpecialField[] {
  const type = btf.types[typeId];
  if (type === undefined) return [];
  const kind = type.kind === "struct" ? FIELD_KINDS[type.name] : undefined;
  if (kind !== undefined) return [{ kind, offset }];
  if (type.kind === "array") return specialFieldsIn(btf, type.typeId, offset);
  return type.members.flatMap((member) => specialFieldsIn(btf, member.typeId, offset + member.offsetBits / 8));
}

/** Callbacks are known by the names of their functions. */
function callbacksIn(btf: Btf, { funcInfo }: Pick<CompiledProgram, "funcInfo">): CompiledProgram["callbacks"] {
  return funcInfo.flatMap(({ instruction, typeId }) => {
    const number = /^callback(\d+)$/.exec(btf.types[typeId]?.name ?? "")?.[1];
    return number === undefined ? [] : [{ callback: Number(number), instruction }];
  });
}

/** The name of the thing at that place. */
function nameAt(list: readonly { name: string }[], at: number, what: string): string {
  const name = list[at]?.name;
  if (name === undefined) throw new ScenarioError(`there is no ${what} ${at}`);
  return name;
}

function upgradeStep(step: z.infer<typeof stepSchema>, { maps, programs }: Executable, at: number): CompiledStep {
  const { map, program, valueMap, key } = step;
  const named = {
    ...step,
    ...(map === undefined ? {} : { map: nameAt(maps, map, "map") }),
    ...(program === undefined ? {} : { program: nameAt(programs, program, "program") }),
    ...(valueMap === undefined ? {} : { valueMap: nameAt(maps, valueMap, "map") }),
    ...(key === undefined ? {} : { key: keyText(key) }),
  };
  const parsed = compiledStepSchema.safeParse(named);
  if (!parsed.success) throw new ScenarioError(`steps[${at}]: ${parsed.error.issues[0]?.message}`);
  return parsed.data;
}

function upgradeExecutable(old: Executable): CompiledScenario {
  const btf = readBtf(Buffer.from(old.btf, "hex"));
  return {
    ...old,
    version: COMPILED_SCENARIO_VERSION,
    logMap: nameAt(old.maps, old.logMap, "map"),
    maps: old.maps.map(({ innerMap, ...map }) => ({
      ...map,
      specialFields: specialFieldsIn(btf, map.btfValueTypeId, 0),
      ...(innerMap === undefined ? {} : { innerMap: nameAt(old.maps, innerMap, "map") }),
    })),
    programs: old.programs.map((program) => ({
      ...program,
      relocations: program.relocations.map((each) =>
        each.kind === "map" ? { ...each, map: nameAt(old.maps, each.map, "map") } : each,
      ),
      callbacks: callbacksIn(btf, program),
    })),
    steps: old.steps.map((step, at) => upgradeStep(step, old, at)),
  };
}

const savedSchema = executableSchema.extend({
  origin: originSchema.extend({ after: z.array(executableSchema).optional() }).optional(),
});

/** A saved case of version 2, as one of the present version. */
export const version2Schema = savedSchema.transform(({ origin, ...executable }, context): CompiledScenario => {
  try {
    const upgraded = upgradeExecutable(executable);
    if (origin === undefined) return upgraded;
    const { after, ...rest } = origin;
    return {
      ...upgraded,
      origin: { ...rest, ...(after === undefined ? {} : { after: after.map(upgradeExecutable) }) },
    };
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    context.addIssue({ code: "custom", message: error.message });
    return z.NEVER;
  }
});
