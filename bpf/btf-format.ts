/** The numbers of include/uapi/linux/btf.h. Everything in BTF but the first four bytes is a little-endian 32-bit word. */
export const BTF_MAGIC = 0xeb9f;
export const BTF_VERSION = 1;
export const BTF_HEADER_BYTES = 24;
export const BTF_WORD_BYTES = 4;

/** BTF_KIND_*: bits 24 to 28 of btf_type.info. */
export const BTF_KIND = {
  int: 1,
  ptr: 2,
  array: 3,
  struct: 4,
  union: 5,
  enum: 6,
  fwd: 7,
  typedef: 8,
  volatile: 9,
  const: 10,
  restrict: 11,
  func: 12,
  "func-proto": 13,
  var: 14,
  datasec: 15,
  float: 16,
  "decl-tag": 17,
  "type-tag": 18,
  enum64: 19,
} as const;

/** Type 0 is void, of which no record exists. */
export type BtfKind = "void" | keyof typeof BTF_KIND;

/** BTF_INT_SIGNED, BTF_INT_CHAR and BTF_INT_BOOL. */
export const BTF_INT = { SIGNED: 1, CHAR: 2, BOOL: 4 } as const;

/** BTF_FUNC_STATIC, BTF_FUNC_GLOBAL and BTF_FUNC_EXTERN, kept in the vlen of a func. */
export const BTF_FUNC_LINKAGE = { static: 0, global: 1, extern: 2 } as const;
export type BtfFuncLinkage = keyof typeof BTF_FUNC_LINKAGE;

/** BTF_VAR_GLOBAL_ALLOCATED: the only linkage of a variable that is written here. */
export const BTF_VAR_GLOBAL_ALLOCATED = 1;

export const BTF_INFO_VLEN_MAX = 0xffff;
export const BTF_INFO_KIND_SHIFT = 24;
export const BTF_INFO_KIND_MASK = 0x1f;
export const BTF_INFO_KIND_FLAG = 0x8000_0000;
/** With the kind flag of a struct set, a member's bit offset leaves room for a bitfield size above these bits. */
export const BTF_MEMBER_OFFSET_MASK = 0x00ff_ffff;
