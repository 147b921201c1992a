/**
 * The log map of an object. libbpf makes maps that programs address directly of data sections alone, so it is one
 * variable in `.data`, and the parameters are what it holds at first. The map that comes of it is like the log map: an
 * array with one element of the same layout.
 */
import type { BtfWriter } from "../../bpf/btf.ts";
import type { ElfSymbol, ElfWriter } from "../../bpf/elf-writer.ts";
import type { CompiledMap } from "../compiled-scenario.ts";
import { LOG_PARAMETERS_OFFSET } from "../log-map.ts";

const WORD_BYTES = 8;
const SECTION = ".data";

/** Adds the log map and gives its symbol. */
export function addLog(
  elf: ElfWriter,
  btf: BtfWriter,
  { name, valueSize }: CompiledMap,
  parameters: string,
): ElfSymbol {
  const bytes = new Uint8Array(valueSize);
  bytes.set(Buffer.from(parameters, "hex"), LOG_PARAMETERS_OFFSET);
  const word = btf.int("unsigned long long", WORD_BYTES);
  const typeId = btf.variable(name, btf.array(word, word, valueSize / WORD_BYTES));
  btf.dataSection(SECTION, valueSize, [{ typeId, offsetBytes: 0, sizeBytes: valueSize }]);
  const section = elf.section({ name: SECTION, flags: ["write", "alloc"], bytes });
  return elf.symbol({ name, section, offsetBytes: 0, sizeBytes: valueSize, type: "object", binding: "global" });
}
