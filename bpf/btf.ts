/** BPF Type Format, as Documentation/bpf/btf.rst and include/uapi/linux/btf.h describe it. */
export { BTF_INT, BTF_KIND, type BtfKind } from "./btf-format.ts";
export { type Btf, type BtfMember, type BtfParameter, type BtfType, findMembers, readBtf } from "./btf-reader.ts";
export { type BtfMemberSpec, type BtfParameterSpec, BtfWriter } from "./btf-writer.ts";
