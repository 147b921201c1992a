/**
 * A compiled scenario: bytecode, BTF, relocations and steps. One format for the wire, the replay file, the test
 * vector and the shrunk counterexample; `origin` is what a saved file carries beyond what a runtime needs.
 */
import { z } from "zod";
import { PARAMETER_BYTES, PARAMETERS_MAX } from "./log-map.ts";
import { keySchema, mapTypes, scenarioSchema, stepSchema, u64Schema } from "./scenario.ts";

export const COMPILED_SCENARIO_FORMAT = "bpf-timer-conformance/scenario";
export const COMPILED_SCENARIO_VERSION = 2;

const hex = z.string().regex(/^([0-9a-f]{2})*$/);
const index = z.int().nonnegative();

/** The arguments of BPF_MAP_CREATE. BTF type ids are 0 where the map has none. */
export const compiledMapSchema = z.strictObject({
  name: z.string(),
  kind: z.enum([...mapTypes, "log"]),
  type: index,
  keySize: index,
  valueSize: index,
  maxEntries: index,
  flags: index,
  btfKeyTypeId: index,
  btfValueTypeId: index,
  innerMap: index.optional(),
});
export type CompiledMap = z.infer<typeof compiledMapSchema>;

/**
 * What has to be filled into an instruction before loading: a map's descriptor (src 1, BPF_PSEUDO_MAP_FD, and
 * src 2, BPF_PSEUDO_MAP_VALUE, are already set), or the kernel's BTF id of a kfunc.
 */
export const relocationSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("map"), instruction: index, map: index }),
  z.strictObject({ kind: z.literal("kfunc"), instruction: index, name: z.string() }),
]);
export type Relocation = z.infer<typeof relocationSchema>;

/** The arguments of BPF_PROG_LOAD. `attachTo` names a type of the kernel's own BTF. */
export const compiledProgramSchema = z.strictObject({
  name: z.string(),
  type: index,
  expectedAttachType: index,
  flags: index,
  license: z.string(),
  attachTo: z.strictObject({ kind: z.enum(["func", "struct", "typedef"]), name: z.string() }).optional(),
  instructions: hex,
  relocations: z.array(relocationSchema),
  funcInfo: z.array(z.strictObject({ instruction: index, typeId: index })),
  /** Bytes of packet a test run hands in; 0 for a program type whose test run takes none. */
  testRunBytes: index,
});
export type CompiledProgram = z.infer<typeof compiledProgramSchema>;

/** A step as a runtime executes it: the same as the scenario's, but an update carries the bytes to write. */
export const compiledStepSchema = z.union([
  z.strictObject({
    kind: z.literal("update"),
    map: index,
    key: keySchema,
    value: hex,
    /** For an of-maps type: the map whose descriptor is the value. */
    valueMap: index.optional(),
    flags: index,
  }),
  ...stepSchema.options.filter((option) => option.shape.kind.value !== "update"),
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
  logMap: index,
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
export { u64Schema };
