/** One program of a scenario as bytecode: its operations, the callbacks it refers to, and the log function. */
import {
  Assembler,
  add,
  alu64,
  atomic,
  callHelper,
  exit,
  load,
  mov,
  R0,
  R1,
  R2,
  R3,
  R4,
  R6,
  R7,
  R8,
  R9,
  R10,
  type Register,
  store,
} from "../bpf/assembler.ts";
import { encodeInstructions } from "../bpf/instruction.ts";
import { HELPER } from "../bpf/uapi.ts";
import type { CompiledProgram, Site } from "./compiled-scenario.ts";
import { resolveElementMap, usedCallbacks } from "./elements.ts";
import { ENTRY_AUX, LOG_RECORD, LOG_RECORD_BYTES, LOG_RECORDS_MAX, LOG_RECORDS_OFFSET } from "./log-map.ts";
import { LOG_MAP_NAME, mapName, programName } from "./names.ts";
import type { ParameterPlaces } from "./parameters.ts";
import { PROGRAM_TYPE_LOADING, type ProgramTypeLoading } from "./program-types.ts";
import type { Element, MapSpec, Operation, OperationKind, ProgramSpec, Scenario } from "./scenario.ts";
import { ScenarioError } from "./scenario-error.ts";
import type { ScenarioTypes } from "./scenario-types.ts";
import { fieldOffset } from "./value-layout.ts";

/**
 * Bytes below the frame pointer: four element slots and the callback's own element, the inner maps that elements were
 * found in, then the key, then a value.
 */
const SELF_SLOT = 4;
const KEY_OFFSET = -80;
const slotOffset = (element: Element): number => -8 * ((element === "self" ? SELF_SLOT : element) + 1);
/** Below the largest value that a program updates an element with: what the interrupts were, and results. */
const IRQ_FLAGS_OFFSET = -256;
const KEPT_RESULTS_MAX = 16;
const innerMapOffset = (slot: number): number => -8 * (slot + 1 + SELF_SLOT + 1);

/** Where a map under test has no timer at all, its helpers are still called at this offset. */
const DEFAULT_TIMER_OFFSET = 8;

interface Source {
  scenario: Scenario;
  index: number;
  types: ScenarioTypes;
  sites: Site[];
  parameters: ParameterPlaces;
}

/** What emitting one function (the program, or callback number `callback`) needs. */
interface FunctionContext extends Source {
  asm: Assembler;
  program: ProgramSpec;
  callback: number | null;
  operations: readonly Operation[];
  /** Set while a spin lock is held, when the verifier allows no calls and so no log record. */
  locked: boolean;
  /** Set while interrupts are off, when the log function cannot be called: the results to be logged later. */
  kept: KeptResult[] | undefined;
}

/** A result on the stack, and the call site that it is of. */
interface KeptResult {
  site: number;
  offset: number;
}

/** The helpers that read the clocks an absolute expiry is given in. */
const NOW = { monotonic: HELPER.ktime_get_ns, boottime: HELPER.ktime_get_boot_ns } as const;

const functionName = (callback: number | null): string => (callback === null ? "program" : `callback${callback}`);

function mapSpec(context: FunctionContext, index: number): MapSpec {
  const map = context.scenario.maps[index];
  if (map === undefined)
    throw new ScenarioError(`program ${context.index} names map ${index}, which the scenario lacks`);
  return map;
}

/** Reads the next of the operation's numbers, in the order in which scenario/parameters.ts lists them. */
function loadParameter({ asm, parameters }: FunctionContext, register: Register): void {
  asm.loadMapValue(register, LOG_MAP_NAME, parameters.next()).emit(load("dw", register, register, 0));
}

/** Logs the value in `register` (by default the result of the helper just called). */
function log(
  context: FunctionContext,
  operation: Site["operation"],
  value: Register = R0,
  aux: Register | number = 0,
): void {
  if (context.locked) return;
  const site = context.sites.push({ program: context.index, callback: context.callback, operation }) - 1;
  if (context.kept === undefined) emitRecord(context, site, value, aux);
  else keepResult(context, site, context.kept, value);
}

function emitRecord({ asm }: FunctionContext, site: number, value: Register, aux: Register | number): void {
  asm.emit(mov(R3, aux), mov(R2, value), mov(R1, site)).callFunction("log");
}

function keepResult({ asm, index }: FunctionContext, site: number, kept: KeptResult[], value: Register): void {
  if (kept.length === KEPT_RESULTS_MAX)
    throw new ScenarioError(`program ${index} has more than ${KEPT_RESULTS_MAX} results with interrupts off`);
  const offset = IRQ_FLAGS_OFFSET - 8 * (kept.length + 1);
  asm.emit(store("dw", R10, offset, value));
  kept.push({ site, offset });
}

/** Points R1 at where the interrupts' state is kept, and calls the kfunc on it. */
function emitIrq({ asm }: FunctionContext, kfunc: string): void {
  asm.emit(mov(R1, R10), add(R1, IRQ_FLAGS_OFFSET)).callKfunc(kfunc);
}

/** Points R2 at a key on the stack, the operation's next number. */
function emitKey(context: FunctionContext): void {
  loadParameter(context, R2);
  context.asm.emit(store("w", R10, KEY_OFFSET, R2), mov(R2, R10), add(R2, KEY_OFFSET));
}

function emitElement(context: FunctionContext, at: number, element: Element, register: Register): MapSpec {
  const map = resolveElementMap(context.program, context.callback, at, element);
  if (map === undefined)
    throw new ScenarioError(
      `program ${context.index} ${functionName(context.callback)}: operation ${at} uses element ${element}, which no lookup before it fills`,
    );
  context.asm.emit(load("dw", register, R10, slotOffset(element)));
  const spec = mapSpec(context, map);
  return spec.innerMap === undefined ? spec : mapSpec(context, spec.innerMap);
}

/** Points R1 at an element's timer, or where the operation says. */
function emitTimer(context: FunctionContext, at: number, operation: TimerOperation): void {
  const { asm } = context;
  const { element, offsetDelta = 0, variableOffset = false } = operation;
  if (variableOffset) asm.emit(callHelper(HELPER.ktime_get_ns), alu64("and", R0, 8), mov(R7, R0));
  const map = emitElement(context, at, element, R1);
  const offset = (fieldOffset(map, "timer") ?? DEFAULT_TIMER_OFFSET) + offsetDelta;
  if (offset !== 0) asm.emit(add(R1, offset));
  if (variableOffset) asm.emit(add(R1, R7));
}

/** Keeps a looked-up element in its slot, logs whether there was one, and ends the function where there was none. */
function emitFound(context: FunctionContext, at: number, slot: number): void {
  const { asm } = context;
  if (context.kept !== undefined)
    throw new ScenarioError(`program ${context.index}: operation ${at} looks up with interrupts off`);
  const counted = `${functionName(context.callback)}.counted${at}`;
  asm.emit(mov(R6, R0), mov(R0, 0)).jumpIf("eq", R6, 0, counted).emit(mov(R0, 1)).label(counted);
  log(context, at);
  asm.jumpIf("eq", R6, 0, `${functionName(context.callback)}.exit`).emit(store("dw", R10, slotOffset(slot), R6));
}

function emitLock(context: FunctionContext, at: number, element: Element, helper: number): void {
  const map = emitElement(context, at, element, R1);
  context.asm.emit(add(R1, fieldOffset(map, "spin-lock") ?? 0), callHelper(helper));
}

function payloadOffset({ index, callback }: FunctionContext, map: MapSpec, at: number): number {
  const offset = fieldOffset(map, "u64");
  if (offset === undefined)
    throw new ScenarioError(
      `program ${index} ${functionName(callback)}: operation ${at} reads or writes a payload that its map lacks`,
    );
  return offset;
}

/** The operations that are handed a pointer to a timer. */
type TimerOperation = Extract<Operation, { kind: `timer-${string}` | "access-timer" }>;

type Emitters = {
  [K in OperationKind]: (context: FunctionContext, operation: Extract<Operation, { kind: K }>, at: number) => void;
};

const EMITTERS: Emitters = {
  lookup(context, { map, slot }, at) {
    mapSpec(context, map);
    emitKey(context);
    context.asm.loadMap(R1, mapName(map)).emit(callHelper(HELPER.map_lookup_elem));
    emitFound(context, at, slot);
  },
  "lookup-inner"(context, { map, slot }, at) {
    const missing = `${functionName(context.callback)}.missing${at}`;
    mapSpec(context, map);
    emitKey(context);
    context.asm.loadMap(R1, mapName(map)).emit(callHelper(HELPER.map_lookup_elem)).jumpIf("eq", R0, 0, missing);
    context.asm.emit(store("dw", R10, innerMapOffset(slot), R0));
    emitKey(context);
    context.asm.emit(mov(R1, R0), callHelper(HELPER.map_lookup_elem)).label(missing);
    emitFound(context, at, slot);
  },
  update(context, { map }, at) {
    const { asm } = context;
    const size = mapSpec(context, map).value.size;
    const bottom = KEY_OFFSET - Math.ceil(size / 8) * 8;
    for (let offset = bottom; offset < KEY_OFFSET; offset += 8) asm.emit(store("dw", R10, offset, 0));
    emitKey(context);
    loadParameter(context, R4);
    asm.emit(mov(R3, R10), add(R3, bottom)).loadMap(R1, mapName(map)).emit(callHelper(HELPER.map_update_elem));
    log(context, at);
  },
  delete(context, { map }, at) {
    mapSpec(context, map);
    emitKey(context);
    context.asm.loadMap(R1, mapName(map)).emit(callHelper(HELPER.map_delete_elem));
    log(context, at);
  },
  "timer-init"(context, operation, at) {
    const { asm } = context;
    const { map, innerMapOf } = operation;
    mapSpec(context, map);
    emitTimer(context, at, operation);
    if (innerMapOf === undefined) asm.loadMap(R2, mapName(map));
    else asm.emit(load("dw", R2, R10, innerMapOffset(innerMapOf)));
    loadParameter(context, R3);
    asm.emit(callHelper(HELPER.timer_init));
    log(context, at);
  },
  "timer-set-callback"(context, operation, at) {
    emitTimer(context, at, operation);
    context.asm.loadFunction(R2, functionName(operation.callback)).emit(callHelper(HELPER.timer_set_callback));
    log(context, at);
  },
  "timer-start"(context, operation, at) {
    const { asm } = context;
    const { fromNow } = operation;
    if (fromNow !== undefined) asm.emit(callHelper(NOW[fromNow]), mov(R6, R0));
    emitTimer(context, at, operation);
    loadParameter(context, R2);
    if (fromNow !== undefined) asm.emit(add(R2, R6));
    loadParameter(context, R3);
    asm.emit(callHelper(HELPER.timer_start));
    log(context, at);
  },
  "timer-cancel"(context, operation, at) {
    emitTimer(context, at, operation);
    context.asm.emit(callHelper(HELPER.timer_cancel));
    log(context, at);
  },
  "timer-cancel-async"(context, operation, at) {
    emitTimer(context, at, operation);
    context.asm.callKfunc("bpf_timer_cancel_async");
    log(context, at);
  },
  "read-payload"(context, { element }, at) {
    const map = emitElement(context, at, element, R1);
    context.asm.emit(load("dw", R0, R1, payloadOffset(context, map, at)));
    log(context, at);
  },
  "write-payload"(context, { element }, at) {
    const map = emitElement(context, at, element, R1);
    loadParameter(context, R0);
    context.asm.emit(store("dw", R1, payloadOffset(context, map, at), R0));
    log(context, at);
  },
  "access-timer"(context, operation, at) {
    const { access } = operation;
    emitTimer(context, at, operation);
    context.asm.emit(access === "load" ? load("dw", R0, R1, 0) : store("dw", R1, 0, 0));
    if (access === "load") log(context, at);
  },
  "spin-lock"(context, { element }, at) {
    emitLock(context, at, element, HELPER.spin_lock);
    context.locked = true;
  },
  "spin-unlock"(context, { element }, at) {
    emitLock(context, at, element, HELPER.spin_unlock);
    context.locked = false;
  },
  "irq-save"(context) {
    emitIrq(context, "bpf_local_irq_save");
    context.kept ??= [];
  },
  "irq-restore"(context) {
    emitIrq(context, "bpf_local_irq_restore");
    const kept = context.kept ?? [];
    context.kept = undefined;
    for (const { site, offset } of kept) {
      context.asm.emit(load("dw", R0, R10, offset));
      emitRecord(context, site, R0, 0);
    }
  },
};

function emitOperation<K extends OperationKind>(
  context: FunctionContext,
  operation: Extract<Operation, { kind: K }>,
  at: number,
): void {
  const emit: Emitters[K] = EMITTERS[operation.kind as K];
  emit(context, operation, at);
}

function emitBody(context: FunctionContext, { returns, mayReturn }: Returns): void {
  context.operations.forEach((operation, at) => {
    emitOperation(context, operation, at);
  });
  context.asm.label(`${functionName(context.callback)}.exit`);
  if (mayReturn === undefined) context.asm.emit(mov(R0, returns), exit());
  else emitBranchingReturn(context, returns, mayReturn);
}

/** What a function returns, and what it may return instead. */
interface Returns {
  returns: number;
  mayReturn?: number | undefined;
}

/** Instructions between the branch and where both ways meet. */
const PADDING = 7;

/**
 * Returns by a random number one thing or the other. The verifier goes the straight way first. It remembers what it
 * knows where ways meet only if it has seen 8 instructions and 2 jumps since it last did (is_state_visited): so many
 * there are, to make sure that what it forgot about R0 until 6.8 shows on every run.
 */
function emitBranchingReturn({ asm, callback }: FunctionContext, returns: number, mayReturn: number): void {
  const name = functionName(callback);
  asm
    .emit(callHelper(HELPER.get_prandom_u32))
    .jumpIf("sgt", R0, 0, `${name}.otherwise`)
    .emit(...Array.from({ length: PADDING }, () => mov(R0, returns)))
    .jump(`${name}.return`)
    .label(`${name}.otherwise`)
    .emit(mov(R0, mayReturn))
    .label(`${name}.return`)
    .emit(exit());
}

/** The maps this program names itself: those that a callback's map argument can be told apart from. */
function namedMaps(program: ProgramSpec): number[] {
  const operations = [program, ...program.callbacks].flatMap((part) => part.operations);
  return [...new Set(operations.flatMap((operation) => ("map" in operation ? [operation.map] : [])))];
}

/**
 * At a callback's entry: keeps the own element, then logs the key, which map the first argument is, and whether
 * looking the key up in that map gives the value that was handed in.
 */
function emitEntry(context: FunctionContext): void {
  const { asm, program } = context;
  const name = functionName(context.callback);
  asm
    .emit(mov(R6, R1), mov(R7, R2), mov(R8, R3), store("dw", R10, slotOffset("self"), R8))
    .emit(callHelper(HELPER.map_lookup_elem), mov(R9, ENTRY_AUX.mapUnknown))
    .jumpIf("ne", R0, R8, `${name}.foreign`)
    .emit(alu64("or", R9, ENTRY_AUX.ownElement))
    .label(`${name}.foreign`);
  for (const map of namedMaps(program)) {
    asm
      .loadMap(R1, mapName(map))
      .jumpIf("ne", R6, R1, `${name}.not-map${map}`)
      .emit(alu64("and", R9, ~ENTRY_AUX.mapMask), alu64("or", R9, map))
      .label(`${name}.not-map${map}`);
  }
  asm.emit(load("w", R0, R7, 0));
  log(context, "entry", R0, R9);
}

/** `int log(u32 site, u64 value, u64 aux)`: claims the next record of the log map and fills it. */
function emitLogFunction(asm: Assembler): void {
  const at = (offset: number): number => LOG_RECORDS_OFFSET + offset;
  asm
    .label("log")
    .emit(mov(R6, R1), mov(R7, R2), mov(R8, R3))
    .emit(callHelper(HELPER.ktime_get_ns), mov(R9, R0), callHelper(HELPER.get_smp_processor_id))
    .emit(mov(R1, 1))
    .loadMapValue(R2, LOG_MAP_NAME, 0)
    .emit(atomic("fetch-add", "dw", R2, 0, R1))
    .jumpIf("ge", R1, LOG_RECORDS_MAX, "log.full")
    .emit(alu64("mul", R1, LOG_RECORD_BYTES), add(R2, R1))
    .emit(store("w", R2, at(LOG_RECORD.site), R6), store("w", R2, at(LOG_RECORD.cpu), R0))
    .emit(store("dw", R2, at(LOG_RECORD.timeNs), R9), store("dw", R2, at(LOG_RECORD.value), R7))
    .emit(store("dw", R2, at(LOG_RECORD.aux), R8))
    .label("log.full")
    .emit(mov(R0, 0), exit());
}

/**
 * Compiles one program; its call sites are appended to `sites`, its numbers have their places in `parameters`.
 * @throws {ScenarioError} where an operation names a map, callback or element that does not exist, or there are more
 * numbers than the log map has room for
 */
export function compileProgram(source: Source): CompiledProgram {
  const program = source.scenario.programs[source.index];
  if (program === undefined) throw new ScenarioError(`the scenario has no program ${source.index}`);
  const asm = new Assembler();
  const emit = (callback: number | null, operations: readonly Operation[], returns: Returns): void => {
    asm.label(functionName(callback));
    const context: FunctionContext = { ...source, asm, program, callback, operations, locked: false, kept: undefined };
    if (callback !== null) emitEntry(context);
    emitBody(context, returns);
  };
  const callbacks = usedCallbacks(program);
  emit(null, program.operations, { returns: 0 });
  for (const index of callbacks) {
    const callback = program.callbacks[index];
    if (callback === undefined)
      throw new ScenarioError(`program ${source.index} names callback ${index}, which it lacks`);
    emit(index, callback.operations, callback);
  }
  const logs = program.operations.length > 0;
  if (logs) emitLogFunction(asm);
  const { instructions, relocations, labels } = asm.assemble();
  const functions = [
    { name: functionName(null), typeId: source.types.program },
    ...callbacks.map((index) => ({ name: functionName(index), typeId: source.types.callback(index) })),
    ...(logs ? [{ name: "log", typeId: source.types.log }] : []),
  ];
  const loading: ProgramTypeLoading = PROGRAM_TYPE_LOADING[program.type];
  return {
    name: programName(source.index),
    type: loading.type,
    expectedAttachType: loading.expectedAttachType,
    flags: loading.flags,
    license: "GPL",
    ...(loading.attachTo === undefined ? {} : { attachTo: loading.attachTo }),
    instructions: Buffer.from(encodeInstructions(instructions)).toString("hex"),
    relocations,
    funcInfo: functions.map(({ name, typeId }) => ({ instruction: labels.get(name) ?? 0, typeId })),
    callbacks: callbacks.map((callback) => ({ callback, instruction: labels.get(functionName(callback)) ?? 0 })),
    testRunBytes: loading.testRunBytes ?? 0,
  };
}
