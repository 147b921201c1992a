/**
 * The kernel's part of the machine: memory, maps, programs, timers and the references between them. What user space
 * does with it is in `user-space.ts`.
 */
import { type Btf, readBtf } from "../../bpf/btf.ts";
import type { CompiledMap, CompiledProgram } from "../../scenario/compiled-scenario.ts";
import { offsetOf, regionOf } from "./address.ts";
import { BpfTimers, type TimerHost } from "./bpf-timers.ts";
import { decodeCode } from "./code.ts";
import { callHelper, callKfunc, type HelperHost } from "./helpers.ts";
import { Hrtimers } from "./hrtimers.ts";
import { Interpreter, type Surroundings } from "./interpreter.ts";
import type { BpfMap, MapHost } from "./maps/bpf-map.ts";
import { createMap } from "./maps/create-map.ts";
import type { Memory } from "./memory.ts";
import type { Profile } from "./profiles.ts";
import { kfuncsOf, type LoadedProgram } from "./program.ts";
import { relocate } from "./relocate.ts";
import { testRunOf } from "./test-run.ts";
import { checkLoadAttributes } from "./verifier/program-types.ts";
import { Rejection } from "./verifier/rejection.ts";
import type { TimerRules } from "./verifier/timer-rules.ts";
import { verify } from "./verifier/verifier.ts";

/** CLOCK_MONOTONIC when a scenario starts: some time after boot. */
const START_NS = 1_000_000_000;
/** What one scenario may execute: seconds of the real machine's time, and an endless loop ends soon. */
const INSTRUCTION_BUDGET = 20_000_000;
const CONTEXT_BYTES = 256;

export interface KernelOptions {
  readonly memory: Memory;
  readonly profile: Profile;
  /** What the verifier asks of timers. */
  readonly rules: TimerRules;
  /** How many processors there are. */
  readonly processors: number;
}

export class Kernel implements MapHost, TimerHost, HelperHost, Surroundings<LoadedProgram> {
  readonly memory: Memory;
  readonly profile: Profile;
  readonly processors: number;
  readonly hrtimers: Hrtimers;
  readonly timers: BpfTimers;
  /** The processor that executes. */
  cpu = 0;
  /** Maps that programs may hold pointers to, by handle. */
  readonly #maps = new Map<number, BpfMap>();
  readonly #rules: TimerRules;
  readonly #interpreter: Interpreter<LoadedProgram>;
  readonly #context: number;
  /** Whether a timer can fire while the running program is between two instructions. */
  #softirqsEnabled = false;
  #packetBytes = 0;
  /** How many regions with interrupts off the program is in. */
  #interruptsOff = 0;
  /** irq_work: what waits for interrupts to be on again. */
  readonly #deferred: (() => void)[] = [];

  constructor({ memory, profile, rules, processors }: KernelOptions) {
    memory.reset();
    this.memory = memory;
    this.profile = profile;
    this.processors = processors;
    this.#rules = rules;
    this.hrtimers = new Hrtimers(START_NS);
    this.timers = new BpfTimers(this);
    this.#interpreter = new Interpreter(memory, this);
    this.#interpreter.reset(INSTRUCTION_BUDGET);
    this.#context = memory.allocate(CONTEXT_BYTES) ?? 0;
  }

  /** BPF_MAP_CREATE: the map with one reference and one user reference, or a negative errno. */
  createMap(spec: CompiledMap, btf: Btf, inner: BpfMap | undefined): BpfMap | number {
    const map = createMap(this, spec, btf, inner);
    if (typeof map !== "number") this.#maps.set(map.handle, map);
    return map;
  }

  /** The map behind a pointer that a program holds. */
  mapAt(address: number): BpfMap {
    const map = this.#maps.get(regionOf(address));
    if (map === undefined) throw new RangeError("a program used a map that is gone");
    return map;
  }

  /** bpf_map_put. */
  putMap(map: BpfMap): void {
    if (--map.references > 0) return;
    map.free();
    this.#maps.delete(map.handle);
  }

  /** bpf_map_put_with_uref: with the last user reference all timers of the map go. */
  putMapWithUserReference(map: BpfMap): void {
    if (--map.userReferences === 0) map.freeTimers();
    this.putMap(map);
  }

  /**
   * BPF_PROG_LOAD: the program with one reference, or why not. `mapAt` gives the map behind a relocated descriptor.
   */
  loadProgram(
    spec: CompiledProgram,
    btf: Btf,
    mapAt: (slot: number) => BpfMap | undefined,
  ): LoadedProgram | { errno: number; message?: string } {
    const refused = checkLoadAttributes(spec, this.profile);
    if (refused !== 0) return { errno: refused };
    const code = decodeCode(spec.instructions);
    try {
      const { profile, processors } = this;
      const named = verify({ spec, code, btf, profile, rules: this.#rules, processors, mapAt });
      const maps = [...new Set(named.values())];
      for (const map of maps) map.references++;
      return { spec, code: relocate(code, named), kfuncs: kfuncsOf(spec), references: 1, maps };
    } catch (rejection) {
      if (rejection instanceof Rejection) return { errno: rejection.errno, message: rejection.message };
      throw rejection;
    }
  }

  /** bpf_prog_put: with the last reference the program lets go of its maps. */
  putProgram(program: LoadedProgram): void {
    if (--program.references > 0) return;
    for (const map of program.maps) this.putMap(map);
  }

  /** BPF_PROG_TEST_RUN: what the program returned, as an unsigned 32-bit number, or a negative errno in `result`. */
  testRun(program: LoadedProgram): { result: number; returnValue?: number } {
    const { spec } = program;
    const run = testRunOf(spec.type, spec.testRunBytes);
    if (typeof run === "number") return { result: run };
    if (!run.executes) return { result: 0, returnValue: 0 };
    this.#softirqsEnabled = run.isInterruptible;
    this.#packetBytes = spec.testRunBytes;
    const returnValue = this.#interpreter.run(program, 0, this.#context, 0) >>> 0;
    this.#softirqsEnabled = false;
    this.hrtimers.runPending();
    return { result: 0, returnValue };
  }

  freeTimer(timerAddress: number): void {
    this.timers.cancelAndFree(timerAddress);
  }

  callCallback(program: LoadedProgram, callback: number, map: BpfMap, keyAddress: number, valueAddress: number): void {
    const key = [regionOf(keyAddress), offsetOf(keyAddress)] as const;
    this.#interpreter.run(program, callback, map.handle, 0, ...key, regionOf(valueAddress), offsetOf(valueAddress));
  }

  callHelper(id: number, lo: Int32Array, hi: Int32Array, program: LoadedProgram): void {
    callHelper(this, id, lo, hi, program);
  }

  callKfunc(slot: number, lo: Int32Array, hi: Int32Array, program: LoadedProgram): void {
    callKfunc(this, program.kfuncs.get(slot), lo, hi);
  }

  /**
   * A point at which a pending timer interrupt is served under the running program. The interrupt comes some
   * instructions after the timer was armed, so a program gets to log that it armed it.
   */
  interruptPoint(): void {
    if (!this.#softirqsEnabled || this.interruptsAreOff || this.hrtimers.inSoftirq(this.cpu)) return;
    this.#softirqsEnabled = false;
    this.hrtimers.runPending(this.cpu);
    this.#softirqsEnabled = true;
  }

  get interruptsAreOff(): boolean {
    return this.#interruptsOff > 0;
  }

  defer(act: () => void): void {
    this.#deferred.push(act);
  }

  /** local_irq_save, and local_irq_restore, which serves what has waited. */
  saveInterrupts(): void {
    this.#interruptsOff++;
  }

  restoreInterrupts(): void {
    if (--this.#interruptsOff > 0) return;
    for (const act of this.#deferred.splice(0)) act();
    this.interruptPoint();
  }

  packetByte(offset: number): number | undefined {
    return offset >= 0 && offset < this.#packetBytes ? 0 : undefined;
  }
}

const BTF_CACHE_MAX = 1024;
const btfCache = new Map<string, Btf>();

/** The types of a BTF given as hexadecimal text; distinct texts are read once. */
export function btfOf(hex: string): Btf {
  const cached = btfCache.get(hex);
  if (cached !== undefined) return cached;
  if (btfCache.size >= BTF_CACHE_MAX) btfCache.clear();
  const btf = readBtf(Buffer.from(hex, "hex"));
  btfCache.set(hex, btf);
  return btf;
}
