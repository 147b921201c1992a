/** The BTF of a scenario: one type table for its map values and the functions of its programs. */
import { BTF_INT, BtfWriter } from "../bpf/btf.ts";
import { BPF_SPIN_LOCK_BYTES, BPF_TIMER_BYTES, BPF_WQ_BYTES } from "../bpf/uapi.ts";
import type { MapSpec, ValueField } from "./scenario.ts";
import { FIELD_BYTES } from "./value-layout.ts";

export class ScenarioTypes {
  readonly #btf = new BtfWriter();
  readonly #fieldTypes: Record<Exclude<ValueField["kind"], "work-queue">, number>;
  readonly #u64: number;
  #workQueue: number | undefined;
  readonly #callbackProto: number;
  readonly #callbacks = new Map<number, number>();
  /** The 4-byte key of every map. */
  readonly key: number;
  /** `int program(void *ctx)`. */
  readonly program: number;
  /** `int log(u32 site, u64 value, u64 aux)`: global, so that the verifier reads it once and not at each call. */
  readonly log: number;

  constructor() {
    const btf = this.#btf;
    this.key = btf.int("int", 4, BTF_INT.SIGNED);
    const u32 = btf.int("unsigned int", 4);
    const u64 = btf.int("unsigned long", 8);
    const timer = btf.struct("bpf_timer", BPF_TIMER_BYTES, [
      { name: "opaque0", typeId: u64, offsetBytes: 0 },
      { name: "opaque1", typeId: u64, offsetBytes: 8 },
    ]);
    const lock = btf.struct("bpf_spin_lock", BPF_SPIN_LOCK_BYTES, [{ name: "val", typeId: u32, offsetBytes: 0 }]);
    this.#fieldTypes = { u64, timer, "spin-lock": lock };
    this.#u64 = u64;
    const pointer = btf.ptr(0);
    this.program = btf.func("program", btf.funcProto(this.key, [{ name: "ctx", typeId: pointer }]), "global");
    const logParameters = [
      { name: "site", typeId: u32 },
      { name: "value", typeId: u64 },
      { name: "aux", typeId: u64 },
    ];
    this.log = btf.func("log", btf.funcProto(this.key, logParameters), "global");
    this.#callbackProto = btf.funcProto(
      this.key,
      ["map", "key", "value"].map((name) => ({ name, typeId: pointer })),
    );
  }

  /** `static int callbackN(void *map, void *key, void *value)`. */
  callback(index: number): number {
    const known = this.#callbacks.get(index);
    if (known !== undefined) return known;
    const typeId = this.#btf.func(`callback${index}`, this.#callbackProto, "static");
    this.#callbacks.set(index, typeId);
    return typeId;
  }

  /** The struct of a map's values. */
  mapValue(map: MapSpec, index: number): number {
    const members = map.value.fields.map((field) => ({
      name: `${field.kind.replace("-", "_")}${field.offset}`,
      typeId: this.#fieldType(field),
      offsetBytes: field.offset,
    }));
    return this.#btf.struct(`value${index}`, map.value.size, members);
  }

  #fieldType({ kind, inside }: ValueField): number {
    const plain = kind === "work-queue" ? this.#workQueueType() : this.#fieldTypes[kind];
    if (inside === "array") return this.#btf.array(plain, this.key, 1);
    if (inside === undefined) return plain;
    return this.#btf.struct("nested", FIELD_BYTES[kind], [{ name: "field", typeId: plain, offsetBytes: 0 }]);
  }

  /** struct bpf_wq, in the BTF of those alone that use one. */
  #workQueueType(): number {
    this.#workQueue ??= this.#btf.struct("bpf_wq", BPF_WQ_BYTES, [
      { name: "opaque0", typeId: this.#u64, offsetBytes: 0 },
      { name: "opaque1", typeId: this.#u64, offsetBytes: 8 },
    ]);
    return this.#workQueue;
  }

  encode(): Uint8Array {
    return this.#btf.encode();
  }
}
