/**
 * What the suite and a runtime in a process of its own say to each other, one JSON value a line; docs/PROTOCOL.md is
 * for people who write such a runtime.
 */
import { z } from "zod";
import { compiledScenarioSchema } from "../../scenario/compiled-scenario.ts";
import { traceSchema } from "../../scenario/trace.ts";

export const PROTOCOL_VERSION = 1;

const named = (prefix: string) => z.string().startsWith(prefix);

/** The first line from the suite. */
export const greetingSchema = z.strictObject({
  protocol: z.literal(PROTOCOL_VERSION),
  name: z.string(),
  version: z.string(),
});

/** The first line from the runtime: what it is, and what it has. A list that is absent leaves nothing out. */
export const helloSchema = z.strictObject({
  protocol: z.literal(PROTOCOL_VERSION),
  name: z.string().min(1),
  version: z.string().min(1),
  /** The Linux release that it models, "6.12"; without one it is judged as the newest that is known. */
  linux: z
    .string()
    .regex(/^\d+\.\d+/)
    .optional(),
  executes: z.boolean(),
  verifies: z.boolean(),
  mapTypes: z.array(named("BPF_MAP_TYPE_")).readonly().optional(),
  programTypes: z.array(named("BPF_PROG_TYPE_")).readonly().optional(),
  helpers: z.array(named("bpf_")).readonly().optional(),
  kfuncs: z.array(z.string().min(1)).readonly().optional(),
  steps: z.array(z.string().min(1)).readonly().optional(),
  processors: z.int().positive().default(1),
  clock: z
    .strictObject({ kind: z.enum(["virtual", "real"]), latenessNs: z.int().nonnegative() })
    .default({ kind: "virtual", latenessNs: 0 }),
  /** How many cases it works on at the same time. */
  parallel: z.int().positive().default(1),
});
export type Hello = z.infer<typeof helloSchema>;

/** A case from the suite. Answers may come in any order: `id` says what each is an answer to. */
export const requestSchema = z.strictObject({
  id: z.int().nonnegative(),
  scenario: compiledScenarioSchema.omit({ origin: true }),
});
export type Request = z.infer<typeof requestSchema>;

/** What came of a case: its trace; of a runtime that only verifies, the results of its `load-program` steps; or why there is neither. */
export const answerSchema = z.union([
  z.strictObject({ id: z.int().nonnegative(), trace: traceSchema }),
  z.strictObject({ id: z.int().nonnegative(), loads: z.array(z.int()) }),
  z.strictObject({ id: z.int().nonnegative(), error: z.string() }),
]);
export type Answer = z.infer<typeof answerSchema>;
