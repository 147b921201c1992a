/**
 * What a program of the type struct-ops is an operation of. libbpf knows a program's place in a struct of the kernel
 * from a variable of that struct in `.struct_ops` whose member points to the program.
 */
import type { BtfWriter } from "../../bpf/btf.ts";
import type { ElfSymbol, ElfWriter } from "../../bpf/elf-writer.ts";
import type { CompiledProgram } from "../compiled-scenario.ts";
import { ScenarioError } from "../scenario-error.ts";

const POINTER_BYTES = 8;
const SECTION = ".struct_ops";

/** The first member of each struct: what an attach type of 0 means. */
const FIRST_MEMBER: ReadonlyMap<string, string> = new Map([["tcp_congestion_ops", "ssthresh"]]);

/**
 * Adds what makes these programs operations of a struct.
 * @param programs with the symbol of each
 * @throws {ScenarioError} for a struct of which nothing is known here
 */
export function addStructOps(
  elf: ElfWriter,
  btf: BtfWriter,
  programs: readonly { program: CompiledProgram; symbol: ElfSymbol }[],
): void {
  const operations = programs.flatMap(({ program: { name, attachTo }, symbol }) =>
    attachTo?.kind === "struct" ? [{ name, struct: attachTo.name, symbol }] : [],
  );
  if (operations.length === 0) return;
  const pointer = btf.ptr(btf.funcProto(0, []));
  const types = new Map<string, number>();
  const entries = operations.map(({ name, struct }, at) => {
    const member = FIRST_MEMBER.get(struct);
    if (member === undefined) throw new ScenarioError(`the members of struct ${struct} are not known here`);
    const typeId =
      types.get(struct) ?? btf.struct(struct, POINTER_BYTES, [{ name: member, typeId: pointer, offsetBytes: 0 }]);
    types.set(struct, typeId);
    const variable = btf.variable(`${name}_struct`, typeId);
    return { name: `${name}_struct`, typeId: variable, offsetBytes: at * POINTER_BYTES, sizeBytes: POINTER_BYTES };
  });
  const bytes = new Uint8Array(entries.length * POINTER_BYTES);
  btf.dataSection(SECTION, bytes.length, entries);
  const section = elf.section({ name: SECTION, flags: ["write", "alloc"], bytes });
  for (const [at, { name, offsetBytes, sizeBytes }] of entries.entries()) {
    elf.symbol({ name, section, offsetBytes, sizeBytes, type: "object", binding: "global" });
    elf.relocate(section, offsetBytes, "pointer", (operations[at] as (typeof operations)[number]).symbol);
  }
}
