/**
 * The numbers of a scenario's programs that are data to them: keys, times, flags and payloads. They lie in the log map
 * and not in the instructions, so that scenarios which differ in nothing else have the same bytecode, and a kernel has
 * to verify it once.
 */
import { usedCallbacks } from "./elements.ts";
import { LOG_PARAMETERS_OFFSET, PARAMETER_BYTES, PARAMETERS_MAX } from "./log-map.ts";
import type { Operation, OperationKind, ProgramSpec, U64 } from "./scenario.ts";
import { ScenarioError } from "./scenario-error.ts";

/** The numbers of each kind of operation, in the order in which its code reads them. */
const NUMBERS = {
  lookup: ["key"],
  "lookup-inner": ["key", "innerKey"],
  update: ["key", "flags"],
  delete: ["key"],
  "timer-init": ["flags"],
  "timer-set-callback": [],
  "timer-start": ["ns", "flags"],
  "timer-cancel": [],
  "timer-cancel-async": [],
  "read-payload": [],
  "write-payload": ["value"],
  "access-timer": [],
  "spin-lock": [],
  "spin-unlock": [],
  "irq-save": [],
  "irq-restore": [],
} as const satisfies { [K in OperationKind]: readonly (keyof Extract<Operation, { kind: K }>)[] };

const FIELDS: ReadonlySet<string> = new Set(Object.values(NUMBERS).flat());

/** The numbers of some operations, in the order in which their code reads them. */
function addNumbers(numbers: U64[], operations: readonly Operation[]): void {
  for (const operation of operations)
    for (const field of NUMBERS[operation.kind])
      numbers.push((operation as unknown as Record<string, U64>)[field] ?? 0);
}

const WORD = 2 ** 32;

/** Where programs find their numbers: each use has a place of its own, whichever numbers are equal. */
export class ParameterPlaces {
  #used = 0;

  /**
   * The offset in the log map's value of the next number.
   * @throws {ScenarioError} where there is no room for more
   */
  next(): number {
    if (this.#used === PARAMETERS_MAX) throw new ScenarioError(`the programs hold more than ${PARAMETERS_MAX} numbers`);
    return LOG_PARAMETERS_OFFSET + this.#used++ * PARAMETER_BYTES;
  }
}

/** The numbers of these programs in the order of their places, 64 little-endian bits each, as hexadecimal text. */
export function encodeParameters(programs: readonly ProgramSpec[]): string {
  const numbers: U64[] = [];
  for (const program of programs) {
    addNumbers(numbers, program.operations);
    for (const index of usedCallbacks(program)) addNumbers(numbers, program.callbacks[index]?.operations ?? []);
  }
  const words = new Uint32Array(2 * numbers.length);
  for (const [place, number] of numbers.entries()) {
    const isSmall = typeof number === "number" && number >= 0;
    words[2 * place] = isSmall ? number : Number(BigInt.asUintN(32, BigInt(number)));
    words[2 * place + 1] = isSmall ? number / WORD : Number(BigInt.asUintN(32, BigInt(number) >> 32n));
  }
  return Buffer.from(words.buffer).toString("hex");
}

/** A value as text, without the numbers of operations. Every text in it is a word of the schema. */
function textOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(textOf).join()}]`;
  if (typeof value !== "object" || value === null) return String(value);
  let text = "{";
  for (const name in value)
    if (!FIELDS.has(name)) text += `${name}:${textOf((value as Record<string, unknown>)[name])},`;
  return `${text}}`;
}

/** The programs as text without their numbers: equal for programs of the same bytecode. */
export const withoutParameters = (programs: readonly ProgramSpec[]): string => textOf(programs);
