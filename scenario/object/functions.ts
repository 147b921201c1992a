/**
 * The functions of a program, taken apart. In bytecode they lie one behind the other; in an object the program is in
 * the section that says its type, and its callbacks and the log function are in `.text`.
 */
import { type BtfType, readBtf } from "../../bpf/btf.ts";
import { CLASS, decodeInstructions, type Instruction, JMP_OP, LOAD_IMM64 } from "../../bpf/instruction.ts";
import { BPF_PSEUDO_CALL, BPF_PSEUDO_FUNC } from "../../bpf/uapi.ts";
import type { CompiledProgram, Relocation } from "../compiled-scenario.ts";
import { ScenarioError } from "../scenario-error.ts";

/** What an instruction refers to. */
export type Reference = Relocation | { kind: "function"; instruction: number; function: string; isCall: boolean };

export interface ObjectFunction {
  /** `p0` for the program itself, `p0_callback1` for one of its callbacks. */
  name: string;
  linkage: "static" | "global";
  /** Its signature in the scenario's BTF. */
  protoId: number;
  instructions: readonly Instruction[];
  /** Counted from its first instruction. */
  references: readonly Reference[];
}

const CALL = CLASS.jmp | JMP_OP.call;

const isCall = ({ opcode, src }: Instruction): boolean => opcode === CALL && src === BPF_PSEUDO_CALL;
const isAddress = ({ opcode, src }: Instruction): boolean => opcode === LOAD_IMM64 && src === BPF_PSEUDO_FUNC;

/** Where each function of a program begins, and what it is called. */
function placesOf({ name, funcInfo }: CompiledProgram, types: readonly BtfType[]) {
  return funcInfo.map(({ instruction, typeId }) => {
    const type = types[typeId];
    if (type?.kind !== "func") throw new ScenarioError(`program ${name}: BTF type ${typeId} is no function`);
    const isMain = instruction === 0;
    const linkage: ObjectFunction["linkage"] = isMain || type.linkage === "global" ? "global" : "static";
    return { start: instruction, name: isMain ? name : `${name}_${type.name}`, linkage, protoId: type.typeId };
  });
}

/**
 * The functions of a program, itself first.
 * @param btf the scenario's
 * @throws {ScenarioError} where it does not say where its functions begin, or refers to the middle of one
 */
export function functionsOf(program: CompiledProgram, btf: Uint8Array): ObjectFunction[] {
  const instructions = decodeInstructions(Buffer.from(program.instructions, "hex"));
  const places = placesOf(program, readBtf(btf).types);
  if (places[0]?.start !== 0) throw new ScenarioError(`program ${program.name} does not say where it begins`);
  const names = new Map(places.map(({ start, name }) => [start, name]));
  const references: Reference[] = [...program.relocations];
  for (const [at, instruction] of instructions.entries()) {
    if (!isCall(instruction) && !isAddress(instruction)) continue;
    const called = names.get(at + 1 + instruction.imm);
    if (called === undefined)
      throw new ScenarioError(`program ${program.name}: instruction ${at} refers to where no function begins`);
    references.push({ kind: "function", instruction: at, function: called, isCall: isCall(instruction) });
  }
  references.sort((one, other) => one.instruction - other.instruction);
  return places.map(({ start, ...place }, at) => {
    const end = places[at + 1]?.start ?? instructions.length;
    const own = references.filter(({ instruction }) => instruction >= start && instruction < end);
    return {
      ...place,
      instructions: instructions.slice(start, end),
      references: own.map((reference) => ({ ...reference, instruction: reference.instruction - start })),
    };
  });
}
