/**
 * The numbers of ELF that relocatable BPF objects take: include/uapi/linux/elf.h, and for the relocations
 * Documentation/bpf/llvm_reloc.rst.
 */
export const ELF_MAGIC = [0x7f, 0x45, 0x4c, 0x46] as const;
/** ELFCLASS64, ELFDATA2LSB and EV_CURRENT: bytes 4 to 6. */
export const ELF_IDENT = [2, 1, 1] as const;
export const ELF_VERSION = 1;
export const ET_REL = 1;
export const EM_BPF = 247;

export const ELF_HEADER_BYTES = 64;
export const SECTION_HEADER_BYTES = 64;
export const SYMBOL_BYTES = 24;
/** Of a relocation without an addend: it lies where it is filled in. */
export const RELOCATION_BYTES = 16;

/** SHT_*. */
export const SECTION_TYPE = { progbits: 1, symtab: 2, strtab: 3, rel: 9 } as const;

/** SHF_*. */
export const SECTION_FLAG = { write: 1, alloc: 2, execute: 4, infoLink: 0x40 } as const;

/** STB_*: the upper half of st_info. */
export const SYMBOL_BINDING = { local: 0, global: 1, weak: 2 } as const;
export type SymbolBinding = keyof typeof SYMBOL_BINDING;

/** STT_*: the lower half of st_info. */
export const SYMBOL_TYPE = { none: 0, object: 1, function: 2, section: 3 } as const;
export type SymbolType = keyof typeof SYMBOL_TYPE;

/** R_BPF_*: a 64-bit immediate load, a pointer in data, and a call. */
export const RELOCATION_TYPE = { load64: 1, pointer: 2, call: 10 } as const;
export type RelocationType = keyof typeof RELOCATION_TYPE;
