/** .BTF.ext: which function of the BTF begins where in the sections of an object (Documentation/bpf/btf.rst). */
import { BTF_MAGIC, BTF_VERSION, BTF_WORD_BYTES } from "./btf-format.ts";
import type { BtfWriter } from "./btf-writer.ts";

/** Magic, version, header length; then start and length of func_info and of line_info. */
const HEADER_BYTES = 24;
/** struct bpf_func_info: an offset and a type. */
const FUNC_INFO_BYTES = 8;

/** The functions of one section. */
export interface SectionFunctions {
  section: string;
  functions: readonly { offsetBytes: number; typeId: number }[];
}

/** The bytes of .BTF.ext, without line_info. The names of the sections go into the BTF, which is encoded after this. */
export function encodeBtfExt(sections: readonly SectionFunctions[], btf: BtfWriter): Uint8Array {
  const words = [FUNC_INFO_BYTES];
  for (const { section, functions } of sections) {
    words.push(btf.string(section), functions.length);
    for (const { offsetBytes, typeId } of functions) words.push(offsetBytes, typeId);
  }
  const funcInfoBytes = words.length * BTF_WORD_BYTES;
  const bytes = Buffer.alloc(HEADER_BYTES + funcInfoBytes);
  bytes.writeUInt16LE(BTF_MAGIC, 0);
  bytes.writeUInt8(BTF_VERSION, 2);
  for (const [at, word] of [HEADER_BYTES, 0, funcInfoBytes, funcInfoBytes, 0, ...words].entries())
    bytes.writeUInt32LE(word, (at + 1) * BTF_WORD_BYTES);
  return bytes;
}
