/**
 * A scenario: maps, programs and the user-space steps that use them. It is what generators make, what guarantees
 * read, and what is shrunk. It says what happens, never how it is compiled or where it runs.
 */
import { z } from "zod";
import { PROGRAM_TYPES } from "./program-types.ts";

/** An unsigned 64-bit operand: a safe integer, or hexadecimal text where a JSON number would lose bits. */
export const u64Schema = z.union([z.int().nonnegative(), z.string().regex(/^0x[0-9a-f]{1,16}$/)]);
export type U64 = z.infer<typeof u64Schema>;

const index = z.int().nonnegative();

/** A key has four bytes, unsigned. */
const KEY_MAX = 0xffff_ffff;
export const keySchema = z.int().nonnegative().max(KEY_MAX, "keys have 4 bytes: a key is below 2^32");

export const fieldKinds = ["u64", "timer", "spin-lock", "work-queue"] as const;

/**
 * One member of a map's value struct, at a byte offset. `inside` wraps it: as the only element of an array, or as the
 * only member of a struct of its own.
 */
export const valueFieldSchema = z.strictObject({
  kind: z.enum(fieldKinds),
  offset: index,
  inside: z.enum(["array", "struct"]).optional(),
});
export type ValueField = z.infer<typeof valueFieldSchema>;

export const mapTypes = [
  "array",
  "hash",
  "lru-hash",
  "percpu-array",
  "percpu-hash",
  "lru-percpu-hash",
  "array-of-maps",
  "hash-of-maps",
] as const;

/** A map with a 4-byte key. `flags` are the BPF_F_* bits of map creation; `btf: false` creates it without BTF ids. */
export const mapSpecSchema = z.strictObject({
  type: z.enum(mapTypes),
  maxEntries: z.int().positive(),
  flags: z.int().nonnegative(),
  btf: z.boolean(),
  value: z.strictObject({ size: z.int().positive(), fields: z.array(valueFieldSchema) }),
  /** For the of-maps types: the map whose shape the inner maps must have. */
  innerMap: index.optional(),
});
export type MapSpec = z.infer<typeof mapSpecSchema>;

/** Which element a timer operation works on: one a `lookup` of this program found, or the callback's own. */
export const elementSchema = z.union([z.int().min(0).max(3), z.literal("self")]);
export type Element = z.infer<typeof elementSchema>;

/** An element's timer, as an operation is handed it. */
const timerPointer = {
  element: elementSchema,
  /** Moves the pointer, where the rule of the right offset is under test. */
  offsetDelta: z.int().optional(),
  /** Adds a value the verifier cannot know to the pointer, where the rule of the constant offset is under test. */
  variableOffset: z.boolean().optional(),
};

const lookupTarget = { map: index, key: keySchema };

/**
 * One thing a program or a callback does. Each operation that calls a helper writes one log record with its return
 * value; `lookup` writes 1 for found and 0 for missing, and a miss ends the program.
 */
export const operationSchema = z.discriminatedUnion("kind", [
  /** bpf_map_lookup_elem; keeps the element in `slot`. */
  z.strictObject({ kind: z.literal("lookup"), ...lookupTarget, slot: z.int().min(0).max(3) }),
  /** bpf_map_lookup_elem of an outer map, then of the inner map found; keeps the inner element in `slot`. */
  z.strictObject({
    kind: z.literal("lookup-inner"),
    ...lookupTarget,
    innerKey: keySchema,
    slot: z.int().min(0).max(3),
  }),
  /** bpf_map_update_elem with a zeroed value. */
  z.strictObject({ kind: z.literal("update"), ...lookupTarget, flags: z.int().nonnegative() }),
  /** bpf_map_delete_elem. */
  z.strictObject({ kind: z.literal("delete"), ...lookupTarget }),
  /** bpf_timer_init(element's timer, map, flags): the low 4 bits of flags are the clock id. */
  z.strictObject({
    kind: z.literal("timer-init"),
    ...timerPointer,
    map: index,
    /** Hands over the inner map that the `lookup-inner` of this slot went through; `map` is then the outer one. */
    innerMapOf: z.int().min(0).max(3).optional(),
    flags: u64Schema,
  }),
  /** bpf_timer_set_callback(element's timer, callback of this program). */
  z.strictObject({ kind: z.literal("timer-set-callback"), ...timerPointer, callback: index }),
  /** bpf_timer_start(element's timer, ns, flags); with `fromNow`, ns is added to what that clock says just before. */
  z.strictObject({
    kind: z.literal("timer-start"),
    ...timerPointer,
    ns: u64Schema,
    flags: u64Schema,
    fromNow: z.enum(["monotonic", "boottime"]).optional(),
  }),
  /** bpf_timer_cancel(element's timer). */
  z.strictObject({ kind: z.literal("timer-cancel"), ...timerPointer }),
  /** bpf_timer_cancel_async(element's timer), a kfunc since 7.0. */
  z.strictObject({ kind: z.literal("timer-cancel-async"), ...timerPointer }),
  /** Reads the first u64 field of the element and logs its low 32 bits. */
  z.strictObject({ kind: z.literal("read-payload"), element: elementSchema }),
  /** Stores a value into the first u64 field of the element. */
  z.strictObject({ kind: z.literal("write-payload"), element: elementSchema, value: z.int().nonnegative() }),
  /** A direct 8-byte load from, or store to, the element's timer: what the verifier must refuse. */
  z.strictObject({ kind: z.literal("access-timer"), ...timerPointer, access: z.enum(["load", "store"]) }),
  /** bpf_spin_lock / bpf_spin_unlock on the element's lock. */
  z.strictObject({ kind: z.literal("spin-lock"), element: elementSchema }),
  z.strictObject({ kind: z.literal("spin-unlock"), element: elementSchema }),
  /**
   * bpf_local_irq_save / bpf_local_irq_restore, kfuncs. Nothing can be logged in between: the results there are kept,
   * and their records are written right after the restore. Nothing can be looked up in between.
   */
  z.strictObject({ kind: z.literal("irq-save") }),
  z.strictObject({ kind: z.literal("irq-restore") }),
]);
export type Operation = z.infer<typeof operationSchema>;
export type OperationKind = Operation["kind"];

/** A function the timer calls: `static int callback_fn(void *map, key *key, value *value)`. */
export const callbackSchema = z.strictObject({
  operations: z.array(operationSchema),
  /** What it returns; anything but 0 must be refused at load. */
  returns: z.int(),
  /** What it returns instead on a branch that nobody can foresee; anything but 0 must be refused at load. */
  mayReturn: z.int().optional(),
});
export type Callback = z.infer<typeof callbackSchema>;

export const programSpecSchema = z.strictObject({
  type: z.enum(PROGRAM_TYPES),
  operations: z.array(operationSchema),
  callbacks: z.array(callbackSchema),
});
export type ProgramSpec = z.infer<typeof programSpecSchema>;

/**
 * One user-space action. The process that acts starts with no descriptors. A step that needs a descriptor the process
 * does not hold results in -EBADF.
 */
export const stepSchema = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("create-map"), map: index }),
  z.strictObject({ kind: z.literal("load-program"), program: index }),
  /** BPF_PROG_TEST_RUN, on `cpu` where given. */
  z.strictObject({ kind: z.literal("run"), program: index, cpu: index.optional() }),
  /** Let time pass. */
  z.strictObject({ kind: z.literal("advance"), ns: z.int().nonnegative() }),
  /**
   * BPF_MAP_UPDATE_ELEM: every u64 field becomes `payload`, every byte of timers and locks `fill`. For an of-maps
   * type `payload` is the index of the inner map.
   */
  z.strictObject({
    kind: z.literal("update"),
    ...lookupTarget,
    payload: z.int().nonnegative(),
    fill: z.int().min(0).max(255),
    flags: z.int().nonnegative(),
  }),
  z.strictObject({ kind: z.literal("delete"), ...lookupTarget }),
  z.strictObject({ kind: z.literal("lookup"), ...lookupTarget }),
  z.strictObject({ kind: z.literal("close-map"), map: index }),
  z.strictObject({ kind: z.literal("close-program"), program: index }),
  z.strictObject({ kind: z.literal("pin-map"), map: index }),
  z.strictObject({ kind: z.literal("unpin-map"), map: index }),
  /** BPF_OBJ_GET on the map's pin: the process holds a descriptor again. */
  z.strictObject({ kind: z.literal("open-pin"), map: index }),
  z.strictObject({ kind: z.literal("pin-program"), program: index }),
  z.strictObject({ kind: z.literal("unpin-program"), program: index }),
  z.strictObject({ kind: z.literal("open-program-pin"), program: index }),
  /** BPF_PROG_GET_FD_BY_ID, closed again: 0 while the kernel still has the program, -ENOENT after. */
  z.strictObject({ kind: z.literal("find-program"), program: index }),
  /** The process ends, with every descriptor it holds; later steps run in a new one. */
  z.strictObject({ kind: z.literal("exit-process") }),
  /** The process gives up CAP_BPF, and CAP_SYS_ADMIN, which includes it, for the rest of its life. */
  z.strictObject({ kind: z.literal("drop-capability") }),
]);
export type Step = z.infer<typeof stepSchema>;
export type StepKind = Step["kind"];

export const scenarioSchema = z.strictObject({
  maps: z.array(mapSpecSchema),
  programs: z.array(programSpecSchema),
  steps: z.array(stepSchema),
});
export type Scenario = z.infer<typeof scenarioSchema>;
