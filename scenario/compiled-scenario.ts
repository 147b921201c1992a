/**
 * A compiled scenario: bytecode, BTF, relocations and steps. One format for the wire, the replay file, the test
 * vector and the shrunk counterexample; `origin` is what a saved file carries beyond what a runtime needs. Maps and
 * programs are named by their names.
 */
import { z } from "zod";
import { PARAMETER_BYTES, PARAMETERS_MAX } from "./log-map.ts";
import { fieldKinds, mapTypes, scenarioSchema } from "./scenario.ts";

export const COMPILED_SCENARIO_FORMAT = "bpf-timer-conformance/scenario";
export const COMPILED_SCENARIO_VERSION = 3;

const hex = z.string().regex(/^([0-9a-f]{2})*$/);
const index = z.int().nonnegative();
const name = z.string().min(1);

/** A member of a map's values that the kernel manages: what a loader would find in the BTF. */
export const specialFieldSchema = z.strictObject({
  kind: z.enum(fieldKinds).exclude(["u64"]),
  offset: index,
});
export type SpecialField = z.infer<typeof specialFieldSchema>;

/** The arguments of BPF_MAP_CREATE. BTF type ids are 0 where the map has none. */
export const compiledMapSchema = z.strictObject({
  name,
  kind: z.enum([...mapTypes, "log"]),
  type: index,
  keySize: index,
  valueSize: index,
  maxEntries: index,
  flags: index,
  btfKeyTypeId: index,
  btfValueTypeId: index,
  /** Timers, locks and work queues in its values, wherever in the struct they are wrapped; the BTF says the same. */
  specialFields: z.array(specialFieldSchema),
  /** Of the of-maps types: the map that the inner maps are like. */
  innerMap: name.optional(),
});
export type CompiledMap = z.infer<typeof compiledMapSchema>;

/**
 * What has to be filled into an instruction before loading: a map's descriptor (src 1, BPF_PSEUDO_MAP_FD, and
 * src 2, BPF_PSEUDO_MAP_VALUE, are already set), or the kernel's BTF id of a kfunc.
 */
export const relocationSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("map"), instruction: index, map: name }),
  z.strictObject({ kind: z.literal("kfunc"), instruction: index, name }),
]);
export type Relocation = z.infer<typeof relocationSchema>;

/** The arguments of BPF_PROG_LOAD. `attachTo` names a type of the kernel's own BTF. */
export const compiledProgramSchema = z.strictObject({
  name,
  type: index,
  expectedAttachType: index,
  flags: index,
  license: z.string(),
  attachTo: z.strictObject({ kind: z.enum(["func", "struct", "typedef"]), name: z.string() }).optional(),
  instructions: hex,
  relocations: z.array(relocationSchema),
  funcInfo: z.array(z.strictObject({ instruction: index, typeId: index })),
  /** The callbacks that its code refers to, by the scenario's number, and where each begins. */
  callbacks: z.array(z.strictObject({ callback: index, instruction: index })),
  /** Bytes of packet a test run hands in; 0 for a program type whose test run takes none. */
  testRunBytes: index,
});
export type CompiledProgram = z.infer<typeof compiledProgramSchema>;

/** The steps that name neither a map nor a program, and those that name one of them: by name, and keys as bytes. */
const key = hex;
const onMap = <Kind extends string>(kind: Kind) => z.strictObject({ kind: z.literal(kind), map: name });
const onProgram = <Kind extends string>(kind: Kind) => z.strictObject({ kind: z.literal(kind), program: name });

/** A step that one processor does by itself, with the meaning of the scenario's step of that kind. */
export const plainStepSchema = z.discriminatedUnion("kind", [
  onMap("create-map"),
  onProgram("load-program"),
  onProgram("run").extend({ cpu: index.optional() }),
  z.strictObject({ kind: z.literal("advance"), ns: index }),
  onMap("update").extend({
    key,
    value: hex,
    /** Of an of-maps type: the map whose descriptor is the value. */
    valueMap: name.optional(),
    flags: index,
  }),
  onMap("delete").extend({ key }),
  onMap("lookup").extend({ key }),
  onMap("close-map"),
  onProgram("close-program"),
  onMap("pin-map"),
  onMap("unpin-map"),
  onMap("open-pin"),
  onProgram("pin-program"),
  onProgram("unpin-program"),
  onProgram("open-program-pin"),
  onProgram("find-program"),
  z.strictObject({ kind: z.literal("exit-process") }),
  z.strictObject({ kind: z.literal("drop-capability") }),
]);
export type PlainStep = z.infer<typeof plainStepSchema>;

/**
 * A step as a runtime executes it. The format has room for two kinds that nothing draws and no runtime here executes
 * yet: branches that act at the same time, and a program's attachment to an event of the kernel.
 */
export const compiledStepSchema = z.discriminatedUnion("kind", [
  ...plainStepSchema.options,
  z.strictObject({
    kind: z.literal("parallel"),
    branches: z.array(z.strictObject({ cpu: index, steps: z.array(plainStepSchema) })).min(2),
  }),
  onProgram("attach").extend({ to: name }),
]);

/** Which log record a site number stands for. `operation: "entry"` is the entry of a callback. */
export const siteSchema = z.strictObject({
  program: index,
  callback: index.nullable(),
  operation: z.union([index, z.literal("entry")]),
});
export type Site = z.infer<typeof siteSchema>;

/** What a runtime executes. */
const executableSchema = z.strictObject({
  format: z.literal(COMPILED_SCENARIO_FORMAT),
  version: z.literal(COMPILED_SCENARIO_VERSION),
  btf: hex,
  /** The scenario's maps in its order, then the log map, which exists before the first step and outlives the last. */
  maps: z.array(compiledMapSchema),
  logMap: name,
  programs: z.array(compiledProgramSchema),
  /** The numbers that programs read from the log map, in 64 little-endian bits each. */
  parameters: hex.max(2 * PARAMETERS_MAX * PARAMETER_BYTES),
  steps: z.array(compiledStepSchema),
  sites: z.array(siteSchema),
});

/** Where a saved case came from, and what was seen: absent on the wire. */
export const originSchema = z.strictObject({
  scenario: scenarioSchema,
  guarantee: z.string().optional(),
  runtimes: z.array(z.string()).optional(),
  seed: z.int().optional(),
  expected: z.string().optional(),
  observed: z.string().optional(),
  /** What has to be executed before it, in the same guest and this order, for it to show. */
  after: z.array(executableSchema).optional(),
});
export type Origin = z.infer<typeof originSchema>;

export const compiledScenarioSchema = executableSchema.extend({ origin: originSchema.optional() });
export type CompiledScenario = z.infer<typeof compiledScenarioSchema>;
export type CompiledStep = CompiledScenario["steps"][number];

/** Every kind of step that the format knows. */
export const compiledStepKinds: readonly CompiledStep["kind"][] = compiledStepSchema.options.map(
  ({ shape }) => shape.kind.value,
);
