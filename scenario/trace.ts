/** A trace: what a runtime observed while it executed a compiled scenario, step by step. */
import { z } from "zod";

export const TRACE_FORMAT = "bpf-timer-conformance/trace";
export const TRACE_VERSION = 1;

/**
 * One record of the log map: the call site, the low 32 bits of the value as a signed number, and what the site adds
 * (at a callback entry: `aux` holds the map's index and whether map, key and value belong together).
 */
export const logRecordSchema = z.strictObject({
  site: z.int().nonnegative(),
  cpu: z.int().nonnegative(),
  /** bpf_ktime_get_ns: nanoseconds of CLOCK_MONOTONIC. */
  timeNs: z.int().nonnegative(),
  value: z.int(),
  aux: z.int(),
});
export type LogRecord = z.infer<typeof logRecordSchema>;

/** What one step gave: 0 or a negative errno, and the log records that appeared by its end. */
export const stepResultSchema = z.strictObject({
  result: z.int(),
  /** Of a `run`: what the program returned. */
  returnValue: z.int().optional(),
  /** Of a `lookup`: the bytes user space reads, as hexadecimal text. */
  value: z.string().optional(),
  /** Of a refused `load-program`: the last lines of the verifier's log, for people. */
  message: z.string().optional(),
  /** CLOCK_MONOTONIC when the step had ended. */
  timeNs: z.int().nonnegative(),
  records: z.array(logRecordSchema),
});
export type StepResult = z.infer<typeof stepResultSchema>;

export const traceSchema = z.strictObject({
  format: z.literal(TRACE_FORMAT),
  version: z.literal(TRACE_VERSION),
  steps: z.array(stepResultSchema),
  /** Records that did not fit into the log map. */
  droppedRecords: z.int().nonnegative(),
  /** Kernel complaints (warnings, oopses) seen while the scenario ran. */
  complaints: z.array(z.string()),
});
export type Trace = z.infer<typeof traceSchema>;
