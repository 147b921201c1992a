/** The kfuncs that an object calls: functions of the kernel, declared in `.ksyms`. */
import { BTF_INT, type BtfWriter } from "../../bpf/btf.ts";
import type { ElfSymbol, ElfWriter } from "../../bpf/elf-writer.ts";
import { BPF_TIMER_BYTES } from "../../bpf/uapi.ts";
import { ScenarioError } from "../scenario-error.ts";

/** What a kfunc gives and takes, as far as libbpf compares it with the kernel's (bpf_core_types_are_compat). */
interface Signature {
  returns: "int" | "void";
  /** The one parameter is a pointer to it. */
  pointsTo: "timer" | "flags";
}

/** Sources: kernel/bpf/helpers.c. */
const SIGNATURES: ReadonlyMap<string, Signature> = new Map([
  ["bpf_timer_cancel_async", { returns: "int", pointsTo: "timer" }],
  ["bpf_local_irq_save", { returns: "void", pointsTo: "flags" }],
  ["bpf_local_irq_restore", { returns: "void", pointsTo: "flags" }],
]);

/**
 * Declares kfuncs and gives the symbol of each. They are weak: where the kernel lacks one, it is the kernel that says
 * what becomes of a program that calls it, and of no other.
 * @throws {ScenarioError} for one whose signature is not known here
 */
export function addKfuncs(elf: ElfWriter, btf: BtfWriter, names: readonly string[]): Map<string, ElfSymbol> {
  if (names.length === 0) return new Map();
  const int = btf.int("int", 4, BTF_INT.SIGNED);
  // libbpf takes a struct that is only named for something else than the kernel's, and compares no members.
  const pointed = { timer: btf.struct("bpf_timer", BPF_TIMER_BYTES, []), flags: btf.int("unsigned long", 8) };
  const declared = names.map((name) => {
    const signature = SIGNATURES.get(name);
    if (signature === undefined) throw new ScenarioError(`what the kfunc ${name} gives and takes is not known here`);
    const parameter = { name: signature.pointsTo, typeId: btf.ptr(pointed[signature.pointsTo]) };
    const proto = btf.funcProto(signature.returns === "int" ? int : 0, [parameter]);
    return { typeId: btf.func(name, proto, "extern"), offsetBytes: 0, sizeBytes: 0 };
  });
  btf.dataSection(".ksyms", 0, declared);
  const symbols = names.map(
    (name) => [name, elf.symbol({ name, offsetBytes: 0, sizeBytes: 0, type: "none", binding: "weak" })] as const,
  );
  return new Map(symbols);
}
