import {
  BTF_FUNC_LINKAGE,
  BTF_HEADER_BYTES,
  BTF_INFO_KIND_FLAG,
  BTF_INFO_KIND_MASK,
  BTF_INFO_KIND_SHIFT,
  BTF_INFO_VLEN_MAX,
  BTF_KIND,
  BTF_MAGIC,
  BTF_MEMBER_OFFSET_MASK,
  BTF_VERSION,
  BTF_WORD_BYTES,
  type BtfFuncLinkage,
  type BtfKind,
} from "./btf-format.ts";

export interface BtfMember {
  readonly name: string;
  readonly typeId: number;
  readonly offsetBits: number;
}

export interface BtfParameter {
  readonly name: string;
  readonly typeId: number;
}

export interface BtfType {
  readonly id: number;
  readonly kind: BtfKind;
  /** Empty where the type has none. */
  readonly name: string;
  /** Bytes, for int, struct, union, enum, enum64, datasec and float; 0 for the rest. */
  readonly size: number;
  /** The type this one refers to (for func-proto what it returns, for array its elements); 0 is void or none. */
  readonly typeId: number;
  /** Of a struct or union. */
  readonly members: readonly BtfMember[];
  /** Of a func-proto. */
  readonly parameters: readonly BtfParameter[];
  /** Of an array: how many elements. */
  readonly count: number;
  /** Of an int: bits of BTF_INT. */
  readonly encoding: number;
  /** Of a func, where it is static or global. */
  readonly linkage: BtfFuncLinkage | undefined;
}

export interface Btf {
  /** Indexed by type id; the first is void. */
  readonly types: readonly BtfType[];
}

const VOID: BtfType = {
  id: 0,
  kind: "void",
  name: "",
  size: 0,
  typeId: 0,
  members: [],
  parameters: [],
  count: 0,
  encoding: 0,
  linkage: undefined,
};

type Named = keyof typeof BTF_KIND;

const KIND_NAMES: ReadonlyMap<number, Named> = new Map(
  Object.entries(BTF_KIND).map(([name, kind]) => [kind, name as Named]),
);

/** What the third word of a type means; kinds in neither set leave it unused. */
const SIZED: ReadonlySet<Named> = new Set(["int", "struct", "union", "enum", "enum64", "datasec", "float"]);
const UNUSED: ReadonlySet<Named> = new Set(["array", "fwd"]);

const LINKAGES: ReadonlyMap<number, BtfFuncLinkage> = new Map(
  Object.entries(BTF_FUNC_LINKAGE).map(([name, number]) => [number, name as BtfFuncLinkage]),
);

interface Tail {
  readonly vlen: number;
  readonly kindFlag: boolean;
  readonly words: readonly number[];
  readonly string: (offset: number) => string;
}

interface Layout {
  /** 32-bit words after the common three. */
  readonly words: (vlen: number) => number;
  readonly read?: (tail: Tail) => Partial<BtfType>;
}

const none = { words: () => 0 };
const parts = (each: number) => (vlen: number) => vlen * each;

function records(words: readonly number[], each: number): number[][] {
  return Array.from({ length: words.length / each }, (_, at) => words.slice(at * each, (at + 1) * each));
}

const membered: Layout = {
  words: parts(3),
  read: ({ words, kindFlag, string }) => ({
    members: records(words, 3).map(([name = 0, typeId = 0, offset = 0]) => ({
      name: string(name),
      typeId,
      offsetBits: kindFlag ? offset & BTF_MEMBER_OFFSET_MASK : offset,
    })),
  }),
};

const LAYOUT: Record<Named, Layout> = {
  int: { words: () => 1, read: ({ words: [word = 0] }) => ({ encoding: (word >>> 24) & 0xf }) },
  ptr: none,
  array: { words: () => 3, read: ({ words: [typeId = 0, , count = 0] }) => ({ typeId, count }) },
  struct: membered,
  union: membered,
  enum: { words: parts(2) },
  fwd: none,
  typedef: none,
  volatile: none,
  const: none,
  restrict: none,
  func: { words: () => 0, read: ({ vlen }) => ({ linkage: LINKAGES.get(vlen) }) },
  "func-proto": {
    words: parts(2),
    read: ({ words, string }) => ({
      parameters: records(words, 2).map(([name = 0, typeId = 0]) => ({ name: string(name), typeId })),
    }),
  },
  var: { words: () => 1 },
  datasec: { words: parts(3) },
  float: none,
  "decl-tag": { words: () => 1 },
  "type-tag": none,
  enum64: { words: parts(3) },
};

/** A reader over one section, in whole words. */
class Words {
  readonly #view: DataView;
  #at = 0;

  constructor(section: Uint8Array) {
    this.#view = new DataView(section.buffer, section.byteOffset, section.byteLength);
  }

  get done(): boolean {
    return this.#at >= this.#view.byteLength;
  }

  /** @throws {RangeError} past the end of the section */
  take(count: number): number[] {
    const start = this.#at;
    if (start + count * BTF_WORD_BYTES > this.#view.byteLength) throw new RangeError("BTF type is cut short");
    this.#at += count * BTF_WORD_BYTES;
    return Array.from({ length: count }, (_, index) => this.#view.getUint32(start + index * BTF_WORD_BYTES, true));
  }
}

function section(bytes: Uint8Array, start: number, length: number): Uint8Array {
  if (start + length > bytes.length) throw new RangeError("BTF section lies outside the data");
  return bytes.subarray(start, start + length);
}

function readType(id: number, words: Words, string: Tail["string"]): BtfType {
  const [nameOffset = 0, info = 0, sizeOrType = 0] = words.take(3);
  const number = (info >>> BTF_INFO_KIND_SHIFT) & BTF_INFO_KIND_MASK;
  const kind = KIND_NAMES.get(number);
  if (kind === undefined) throw new RangeError(`BTF type ${id} is of unknown kind ${number}`);
  const vlen = info & BTF_INFO_VLEN_MAX;
  const { words: tailWords, read } = LAYOUT[kind];
  const tail: Tail = { vlen, kindFlag: (info & BTF_INFO_KIND_FLAG) !== 0, words: words.take(tailWords(vlen)), string };
  const size = SIZED.has(kind) ? sizeOrType : 0;
  const typeId = SIZED.has(kind) || UNUSED.has(kind) ? 0 : sizeOrType;
  return { ...VOID, id, kind, name: string(nameOffset), size, typeId, ...read?.(tail) };
}

/**
 * Reads little-endian BTF. Knows every kind up to Linux 6.12, but does not judge whether the types make sense.
 * @throws {RangeError} on a wrong magic or version, an unknown kind, or a section, type or string that is cut short
 */
export function readBtf(bytes: Uint8Array): Btf {
  const header = new Words(section(bytes, 0, BTF_HEADER_BYTES));
  const [lead = 0, headerBytes = 0, typeStart = 0, typeBytes = 0, stringStart = 0, stringBytes = 0] = header.take(6);
  if ((lead & 0xffff) !== BTF_MAGIC) throw new RangeError("not BTF: the magic number is wrong");
  if (((lead >>> 16) & 0xff) !== BTF_VERSION) throw new RangeError("BTF of an unknown version");
  const strings = section(bytes, headerBytes + stringStart, stringBytes);
  const string = (offset: number): string => {
    const end = strings.indexOf(0, offset);
    if (end === -1) throw new RangeError(`BTF string at ${offset} is cut short`);
    return new TextDecoder().decode(strings.subarray(offset, end));
  };
  const words = new Words(section(bytes, headerBytes + typeStart, typeBytes));
  const types: BtfType[] = [VOID];
  while (!words.done) types.push(readType(types.length, words, string));
  return { types };
}

/**
 * Byte offsets of the members, of the given struct alone and none inside it, whose type is a struct of that name: how
 * the kernel finds a map value's timer (kernel/bpf/btf.c, btf_find_struct_field). It looks through no typedef and no
 * qualifier. Since Linux 6.11 the kernel also looks into nested structs; sizes, alignment and repetition are the caller's
 * to judge. Undefined where the type is no struct, for which the kernel says -EINVAL.
 */
export function findMembers(btf: Btf, structTypeId: number, structName: string): number[] | undefined {
  const struct = btf.types[structTypeId];
  if (struct?.kind !== "struct") return undefined;
  return struct.members
    .filter(({ typeId }) => {
      const type = btf.types[typeId];
      return type?.kind === "struct" && type.name === structName;
    })
    .map(({ offsetBits }) => offsetBits / 8);
}
