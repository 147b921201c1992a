import {
  BTF_FUNC_LINKAGE,
  BTF_HEADER_BYTES,
  BTF_INFO_KIND_FLAG,
  BTF_INFO_KIND_SHIFT,
  BTF_INFO_VLEN_MAX,
  BTF_KIND,
  BTF_MAGIC,
  BTF_VAR_GLOBAL_ALLOCATED,
  BTF_VERSION,
  BTF_WORD_BYTES,
  type BtfFuncLinkage,
} from "./btf-format.ts";
import { readBtf } from "./btf-reader.ts";

export interface BtfMemberSpec {
  name: string;
  typeId: number;
  offsetBytes: number;
}

export interface BtfParameterSpec {
  name: string;
  typeId: number;
}

/** Where in a section a variable or a function lies. */
export interface BtfSectionEntry {
  typeId: number;
  offsetBytes: number;
  sizeBytes: number;
}

/**
 * Collects types, front to back, into one BTF blob. Each method adds a type and returns its id; id 0 is void. A type
 * may refer to ids not yet added: only the kernel judges the whole (kernel/bpf/btf.c, btf_parse).
 */
export class BtfWriter {
  readonly #words: number[] = [];
  #lastId = 0;
  readonly #strings = new Map<string, number>([["", 0]]);
  readonly #stringBytes: number[] = [0];

  /**
   * A writer that holds what other BTF holds, under the same ids, so that more can be added.
   * @throws {RangeError} where the bytes are no little-endian BTF
   */
  static extending(bytes: Uint8Array): BtfWriter {
    const writer = new BtfWriter();
    writer.#lastId = readBtf(bytes).types.length - 1;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const [headerBytes = 0, typeStart = 0, typeBytes = 0, stringStart = 0, stringBytes = 0] = [1, 2, 3, 4, 5].map(
      (word) => view.getUint32(word * BTF_WORD_BYTES, true),
    );
    for (let at = 0; at < typeBytes; at += BTF_WORD_BYTES)
      writer.#words.push(view.getUint32(headerBytes + typeStart + at, true));
    writer.#stringBytes.length = 0;
    let text = "";
    for (const byte of bytes.subarray(headerBytes + stringStart).subarray(0, stringBytes)) {
      const end = writer.#stringBytes.push(byte);
      if (byte !== 0) text += String.fromCharCode(byte);
      else {
        writer.#strings.set(text, end - 1 - text.length);
        text = "";
      }
    }
    return writer;
  }

  /** An integer of `size` bytes; `encoding` is 0 or bits of BTF_INT. */
  int(name: string, size: number, encoding = 0): number {
    return this.#add("int", name, 0, size, [(encoding << 24) | (size * 8)]);
  }

  /** A pointer; to void for type id 0. */
  ptr(typeId: number): number {
    return this.#add("ptr", "", 0, typeId);
  }

  /** An array of `count` elements. C has no index type to name: any integer does. */
  array(elementTypeId: number, indexTypeId: number, count: number): number {
    return this.#add("array", "", 0, 0, [elementTypeId, indexTypeId, count]);
  }

  /**
   * A structure of `size` bytes. Linux wants the members in order of offset.
   * @throws {RangeError} on more than 65535 members
   */
  struct(name: string, size: number, members: readonly BtfMemberSpec[]): number {
    const words = members.flatMap((member) => [this.#string(member.name), member.typeId, member.offsetBytes * 8]);
    return this.#add("struct", name, members.length, size, words);
  }

  /** A structure or union that is only named. */
  fwd(name: string, kind: "struct" | "union"): number {
    return this.#add("fwd", name, 0, 0, [], kind === "union");
  }

  /** Another name for a type. */
  typedef(name: string, typeId: number): number {
    return this.#add("typedef", name, 0, typeId);
  }

  /**
   * The signature of a function, nameless.
   * @throws {RangeError} on more than 65535 parameters
   */
  funcProto(returnTypeId: number, parameters: readonly BtfParameterSpec[]): number {
    const words = parameters.flatMap((parameter) => [this.#string(parameter.name), parameter.typeId]);
    return this.#add("func-proto", "", parameters.length, returnTypeId, words);
  }

  /** A function: what a program's func_info refers to. */
  func(name: string, protoId: number, linkage: BtfFuncLinkage): number {
    return this.#add("func", name, BTF_FUNC_LINKAGE[linkage], protoId);
  }

  /** A variable that has memory and can be seen from other objects. */
  variable(name: string, typeId: number): number {
    return this.#add("var", name, 0, typeId, [BTF_VAR_GLOBAL_ALLOCATED]);
  }

  /**
   * A section of an object file, of `size` bytes, and what lies in it.
   * @throws {RangeError} on more than 65535 entries
   */
  dataSection(name: string, size: number, entries: readonly BtfSectionEntry[]): number {
    const words = entries.flatMap(({ typeId, offsetBytes, sizeBytes }) => [typeId, offsetBytes, sizeBytes]);
    return this.#add("datasec", name, entries.length, size, words);
  }

  /** The place of a text among the strings: what .BTF.ext names sections by. */
  string(text: string): number {
    return this.#string(text);
  }

  /** The blob for BPF_BTF_LOAD: header, types, strings. The writer stays usable. */
  encode(): Uint8Array {
    const typeBytes = this.#words.length * BTF_WORD_BYTES;
    const bytes = new Uint8Array(BTF_HEADER_BYTES + typeBytes + this.#stringBytes.length);
    const view = new DataView(bytes.buffer);
    view.setUint16(0, BTF_MAGIC, true);
    view.setUint8(2, BTF_VERSION);
    const header = [BTF_HEADER_BYTES, 0, typeBytes, typeBytes, this.#stringBytes.length];
    for (const [at, word] of [...header, ...this.#words].entries())
      view.setUint32((at + 1) * BTF_WORD_BYTES, word, true);
    bytes.set(this.#stringBytes, BTF_HEADER_BYTES + typeBytes);
    return bytes;
  }

  #add(
    kind: keyof typeof BTF_KIND,
    name: string,
    vlen: number,
    sizeOrType: number,
    words: readonly number[] = [],
    kindFlag = false,
  ): number {
    if (vlen > BTF_INFO_VLEN_MAX) throw new RangeError(`${kind} ${name} has ${vlen} parts, more than BTF can hold`);
    const info = (kindFlag ? BTF_INFO_KIND_FLAG : 0) | (BTF_KIND[kind] << BTF_INFO_KIND_SHIFT) | vlen;
    this.#words.push(this.#string(name), info, sizeOrType, ...words);
    this.#lastId += 1;
    return this.#lastId;
  }

  #string(text: string): number {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const offset = this.#stringBytes.length;
    this.#strings.set(text, offset);
    // Names in BTF are C identifiers, so a character is a byte.
    for (let at = 0; at < text.length; at++) this.#stringBytes.push(text.charCodeAt(at));
    this.#stringBytes.push(0);
    return offset;
  }
}
