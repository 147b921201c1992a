/** A program of a scenario: its type, its operations in words, and its bytecode disassembled. */
import type { Btf } from "../bpf/btf.ts";
import { disassemble } from "../bpf/disassembler.ts";
import { decodeInstructions, INSTRUCTION_BYTES } from "../bpf/instruction.ts";
import { BPF_ATTACH_TYPE, BPF_F_SLEEPABLE, BPF_PROG_TYPE } from "../bpf/uapi.ts";
import type { CompiledProgram, CompiledScenario } from "../scenario/compiled-scenario.ts";
import { usedCallbacks } from "../scenario/elements.ts";
import { LOG_PARAMETERS_OFFSET, PARAMETER_BYTES } from "../scenario/log-map.ts";
import type { Callback, Operation, ProgramSpec } from "../scenario/scenario.ts";
import { indent } from "./indent.ts";
import { operationText } from "./operation-text.ts";

/** The function every program shares: it appends a record to the log map, and is of no interest to a reader. */
const LOG_FUNCTION = "log";

const nameOf = (table: Readonly<Record<string, number>>, prefix: string, value: number): string => {
  const name = Object.keys(table).find((key) => table[key] === value);
  return name === undefined ? `${prefix}${value}` : `${prefix}${name}`;
};

function header({ name, type, expectedAttachType, flags, attachTo }: CompiledProgram): string {
  const parts = [
    nameOf(BPF_PROG_TYPE, "BPF_PROG_TYPE_", type),
    expectedAttachType === 0 ? "" : nameOf(BPF_ATTACH_TYPE, "BPF_", expectedAttachType),
    (flags & BPF_F_SLEEPABLE) === 0 ? "" : "sleepable",
    attachTo === undefined ? "" : `attached to ${attachTo.kind} ${attachTo.name}`,
  ];
  return `${name}  ${parts.filter((part) => part !== "").join(", ")}`;
}

function functionWords(name: string, operations: readonly Operation[], returns: string): string[] {
  return [`${name}:`, ...indent([...operations.map((_, at) => operationText(operations, at)), `return ${returns}`], 2)];
}

/** What a callback returns: a number, or one of two by the way that is taken. */
const returnText = ({ returns, mayReturn }: Callback): string =>
  mayReturn === undefined ? `${returns}` : `${returns}, or by a random number ${mayReturn}`;

/** The operations of a program and of each callback it uses, as one would write them in C. */
export function programWords(program: ProgramSpec): string[] {
  const callbacks = usedCallbacks(program).flatMap((index) => {
    const callback = program.callbacks[index];
    return callback === undefined ? [] : functionWords(`callback${index}`, callback.operations, returnText(callback));
  });
  return [...functionWords("program", program.operations, "0"), ...callbacks];
}

/** Slot numbers moved to end in one column; lines without one stay where they are. */
function alignSlots(lines: readonly string[]): string[] {
  const width = Math.max(...lines.map((line) => /^\d*/.exec(line)?.[0].length ?? 0)) + 2;
  return lines.map((line) => line.replace(/^\d+/, (slot) => slot.padStart(width)));
}

/** A line that reads from the log map's value, with the number that lies there behind it. */
function withParameter(line: string, { logMap, parameters }: CompiledScenario): string {
  const [, map, offset] = /map\[(\w+)\]\[0\]\+(\d+)$/.exec(line) ?? [];
  const at = Number(offset) - LOG_PARAMETERS_OFFSET;
  const bytes = Buffer.from(parameters, "hex");
  if (map !== logMap || !(at >= 0) || at + PARAMETER_BYTES > bytes.length) return line;
  return `${line}  ; where ${bytes.readBigUInt64LE(at)} lies`;
}

/** The bytecode, with the names of maps and functions; the log function is summed up in one line. */
function programCode(
  { instructions, relocations, funcInfo }: CompiledProgram,
  compiled: CompiledScenario,
  btf: Btf,
): string[] {
  const bytes = Buffer.from(instructions, "hex");
  if (bytes.length % INSTRUCTION_BYTES !== 0)
    return [`${bytes.length} bytes, which are not a whole number of instructions`];
  const decoded = decodeInstructions(bytes);
  const functions = new Map(funcInfo.map(({ instruction, typeId }) => [instruction, btf.types[typeId]?.name]));
  const last = funcInfo.at(-1);
  const log = last !== undefined && functions.get(last.instruction) === LOG_FUNCTION ? last.instruction : undefined;
  const lines = disassemble(decoded.slice(0, log), {
    relocations,
    label: (slot) => functions.get(slot),
  }).map((line) => withParameter(line, compiled));
  if (log === undefined) return alignSlots(lines);
  const summary = `${log}: … ${decoded.length - log} instructions that append a record to the log map`;
  return alignSlots([...lines, `${LOG_FUNCTION}:`, summary]);
}

/** A program as a person reads it; the words only where the scenario that it was compiled from is known. */
export function programText(
  program: CompiledProgram,
  spec: ProgramSpec | undefined,
  compiled: CompiledScenario,
  btf: Btf,
): string[] {
  const words = spec === undefined ? [] : [...programWords(spec), ""];
  return [header(program), ...indent([...words, ...programCode(program, compiled, btf)], 4)];
}
