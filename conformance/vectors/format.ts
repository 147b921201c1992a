/**
 * Test vectors: for one guarantee, fixed cases and what has to be observed in each; docs/VECTORS.md is for people who
 * read them. Everything that is not said here is not compared.
 */
import { z } from "zod";
import { requestSchema } from "../../harness/process/protocol.ts";

export const VECTORS_FORMAT = "bpf-timer-conformance/vectors";
export const VECTORS_VERSION = 1;

const index = z.int().nonnegative();
const release = z.string().regex(/^\d+\.\d+$/);

/** What a result may be: one number, one of several, any negative one, or anything. */
export const allowedSchema = z.union([z.int(), z.array(z.int()).min(2), z.enum(["refused", "any"])]);
export type Allowed = z.infer<typeof allowedSchema>;

/** Why an observation may be more than one thing: a name in the file's `flags`. */
const flag = z.string().min(1).optional();

export const expectedRecordSchema = z.strictObject({
  site: index,
  value: allowedSchema,
  aux: z.int().optional(),
  cpu: index.optional(),
  /** It may be missing. */
  optional: z.literal(true).optional(),
  /** The records of this step that come before it, those that may be missing only if they came; absent: the one before. */
  after: z.array(index).optional(),
  /** It comes no sooner than `ns` after the end of step `step`. */
  notBefore: z.strictObject({ step: index, ns: index }).optional(),
  flag,
});
export type ExpectedRecord = z.infer<typeof expectedRecordSchema>;

export const expectedStepSchema = z.strictObject({
  result: allowedSchema,
  returnValue: z.int().optional(),
  /** A regular expression for the whole of the hexadecimal text: digits, `.` for one that may be any, `(…)+`. */
  value: z
    .string()
    .regex(/^([0-9a-f.]*|\([0-9a-f.]+\)\+)$/)
    .optional(),
  /** A runtime that need not give this `result`, and gives another, is not asked the rest. */
  precondition: z.literal(true).optional(),
  flag,
  records: z.array(expectedRecordSchema),
});
export type ExpectedStep = z.infer<typeof expectedStepSchema>;

/** What is expected of Linux releases from one to another, both included. */
export const expectedSchema = z.strictObject({
  linux: z.array(z.strictObject({ from: release, to: release })).min(1),
  /** The recorded divergences that show in it. */
  flags: z.array(z.string()),
  steps: z.array(expectedStepSchema),
});
export type Expected = z.infer<typeof expectedSchema>;

const needsSchema = z.strictObject({
  executes: z.boolean(),
  verifies: z.boolean(),
  processors: z.int().positive(),
  mapTypes: z.array(z.string()),
  programTypes: z.array(z.string()),
  helpers: z.array(z.string()),
  kfuncs: z.array(z.string()),
  steps: z.array(z.string()),
});
export type VectorNeeds = z.infer<typeof needsSchema>;

export const vectorSchema = z.strictObject({
  /** Its number in the file. */
  id: z.int().positive(),
  /** The clauses of the guarantee that it reaches. */
  clauses: z.array(z.string()).min(1),
  /** What it was chosen for: what no vector before it has. */
  features: z.array(z.string()),
  needs: needsSchema,
  /** What a runtime is sent, as it stands. */
  scenario: requestSchema.shape.scenario,
  /** What releases have to show: one of those that are for it. That of the profile comes first; a release in none is not asked. */
  expected: z.array(expectedSchema).min(1),
  /** The runtimes on which it was confirmed before it was written. */
  confirmedOn: z.array(z.string()),
});
export type Vector = z.infer<typeof vectorSchema>;

export const vectorsFileSchema = z.strictObject({
  format: z.literal(VECTORS_FORMAT),
  version: z.literal(VECTORS_VERSION),
  suite: z.string(),
  /** The Linux release whose cases these are, and the seed that they are drawn from. */
  profile: release,
  seed: z.int(),
  guarantee: z.string(),
  since: release,
  clauses: z.record(z.string(), z.string()),
  sources: z.array(z.strictObject({ document: z.string(), place: z.string() })),
  flags: z.record(
    z.string(),
    z.strictObject({ kind: z.enum(["divergence", "not-promised"]), effect: z.string(), explanation: z.string() }),
  ),
  /** Which kernels, or other runtimes, were asked. */
  confirmation: z.array(z.strictObject({ runtime: z.string(), version: z.string() })),
  groups: z.array(z.strictObject({ name: z.string(), words: z.string(), vectors: z.array(vectorSchema).min(1) })),
});
export type VectorsFile = z.infer<typeof vectorsFileSchema>;
