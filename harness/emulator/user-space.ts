/** The process that acts, its descriptors, the pins in the file system, and each step as the system calls it makes. */

import type { Btf } from "../../bpf/btf.ts";
import { ERRNO } from "../../bpf/errno.ts";
import { BPF_F_LOCK } from "../../bpf/uapi.ts";
import type { CompiledMap, CompiledProgram, CompiledScenario, PlainStep } from "../../scenario/compiled-scenario.ts";
import { keyNumber } from "../../scenario/key.ts";
import type { StepResult } from "../../scenario/trace.ts";
import { NULL, offsetOf, regionOf } from "./address.ts";
import { btfOf, type Kernel } from "./kernel.ts";
import { type BpfMap, type MapKey, roundUp8 } from "./maps/bpf-map.ts";
import type { LoadedProgram } from "./program.ts";

/** What a step gives besides its time and its records. */
export type Effect = Pick<StepResult, "result"> & Partial<Pick<StepResult, "returnValue" | "value" | "message">>;

export type StepOf<Kind extends PlainStep["kind"]> = Extract<PlainStep, { kind: Kind }>;
type Executors = { [Kind in PlainStep["kind"]]: (user: UserSpace, step: StepOf<Kind>) => Effect };

/** Keys of four bytes are numbers in here. */
const NUMBER_KEY_BYTES = 4;

const DONE: Effect = { result: 0 };
const failed = (errno: number): Effect => ({ result: -errno });

/**
 * A key as user space hands it in.
 * @throws {RangeError} where it has not as many bytes as the map's keys
 */
export function keyOf(map: BpfMap, key: string): MapKey {
  const { keySize, name } = map.spec;
  if (key.length !== 2 * keySize)
    throw new RangeError(`a key has ${key.length / 2} bytes, those of map ${name} have ${keySize}`);
  return keySize === NUMBER_KEY_BYTES ? keyNumber(key) : Buffer.from(key, "hex").toString("latin1");
}

/** What has a name in a scenario, by that name: the shapes of scenarios recur. */
const named = new WeakMap<readonly { name: string }[], ReadonlyMap<string, { name: string }>>();

function byName<T extends { name: string }>(list: readonly T[]): ReadonlyMap<string, T> {
  const known = named.get(list) as ReadonlyMap<string, T> | undefined;
  if (known !== undefined) return known;
  const made = new Map(list.map((each) => [each.name, each]));
  named.set(list, made);
  return made;
}

export class UserSpace {
  readonly kernel: Kernel;
  readonly scenario: CompiledScenario;
  readonly maps: ReadonlyMap<string, CompiledMap>;
  readonly programs: ReadonlyMap<string, CompiledProgram>;
  readonly btf: Btf;
  /** The log map, which the observer holds for the whole scenario. */
  readonly log: BpfMap;
  /** Descriptors of the acting process, by the name of what they stand for. */
  readonly mapDescriptors = new Map<string, BpfMap>();
  readonly programDescriptors = new Map<string, LoadedProgram>();
  readonly mapPins = new Map<string, BpfMap>();
  readonly programPins = new Map<string, LoadedProgram>();
  /** Whether the acting process has CAP_BPF. */
  hasCapability = true;
  /** The program last loaded under a name, whether it still exists or not: by its id it can be asked for. */
  readonly loaded = new Map<string, LoadedProgram>();

  constructor(kernel: Kernel, scenario: CompiledScenario) {
    this.kernel = kernel;
    this.scenario = scenario;
    this.btf = btfOf(scenario.btf);
    this.maps = byName(scenario.maps);
    this.programs = byName(scenario.programs);
    const spec = this.maps.get(scenario.logMap);
    const log = spec === undefined ? -ERRNO.EINVAL : kernel.createMap(spec, this.btf, undefined);
    if (typeof log === "number") throw new RangeError("the scenario's log map cannot be created");
    this.log = log;
  }

  /** Executes one step. */
  execute(step: PlainStep): Effect {
    return executeStep(this, step as StepOf<PlainStep["kind"]>);
  }

  /** The map behind the process's descriptor; the log map's is always there. */
  mapOf(name: string): BpfMap | undefined {
    return name === this.scenario.logMap ? this.log : this.mapDescriptors.get(name);
  }

  /** Gives the process a descriptor, in place of the one it may have had. */
  openMap(name: string, map: BpfMap): void {
    const old = this.mapDescriptors.get(name);
    this.mapDescriptors.set(name, map);
    if (old !== undefined) this.kernel.putMapWithUserReference(old);
  }

  openProgram(name: string, program: LoadedProgram): void {
    const old = this.programDescriptors.get(name);
    this.programDescriptors.set(name, program);
    if (old !== undefined) this.kernel.putProgram(old);
  }

  closeMap(name: string): Effect {
    const map = this.mapDescriptors.get(name);
    if (map === undefined) return failed(ERRNO.EBADF);
    this.mapDescriptors.delete(name);
    this.kernel.putMapWithUserReference(map);
    return DONE;
  }

  closeProgram(name: string): Effect {
    const program = this.programDescriptors.get(name);
    if (program === undefined) return failed(ERRNO.EBADF);
    this.programDescriptors.delete(name);
    this.kernel.putProgram(program);
    return DONE;
  }

  unpinMap(name: string): Effect {
    const map = this.mapPins.get(name);
    if (map === undefined) return failed(ERRNO.ENOENT);
    this.mapPins.delete(name);
    this.kernel.putMapWithUserReference(map);
    return DONE;
  }
}

const EXECUTORS: Executors = {
  "create-map"(user, { map: name }) {
    const spec = user.maps.get(name);
    if (spec === undefined) return failed(ERRNO.EINVAL);
    if (!user.hasCapability) return failed(ERRNO.EPERM);
    const inner = spec.innerMap === undefined ? undefined : user.mapOf(spec.innerMap);
    const map = user.kernel.createMap(spec, user.btf, inner);
    if (typeof map === "number") return { result: map };
    user.openMap(name, map);
    return DONE;
  },
  "load-program"(user, { program: name }) {
    const spec = user.programs.get(name);
    if (spec === undefined) return failed(ERRNO.EINVAL);
    // As where unprivileged BPF is disabled (sysctl_unprivileged_bpf_disabled), as distributions have it.
    if (!user.hasCapability) return failed(ERRNO.EPERM);
    const places = new Map<number, string>();
    for (const relocation of spec.relocations)
      if (relocation.kind === "map") places.set(relocation.instruction, relocation.map);
    const program = user.kernel.loadProgram(spec, user.btf, (slot) => user.mapOf(places.get(slot) ?? ""));
    if ("errno" in program) {
      const { errno, message } = program;
      return message === undefined ? { result: errno } : { result: errno, message };
    }
    user.loaded.set(name, program);
    user.openProgram(name, program);
    return DONE;
  },
  run(user, { program: name, cpu = 0 }) {
    const program = user.programDescriptors.get(name);
    if (program === undefined) return failed(ERRNO.EBADF);
    if (cpu >= user.kernel.processors) return failed(ERRNO.EINVAL);
    user.kernel.cpu = cpu;
    return user.kernel.testRun(program);
  },
  advance(user, { ns }) {
    user.kernel.hrtimers.advance(user.kernel.hrtimers.nowNs + ns);
    return DONE;
  },
  update(user, { map: name, key, value, valueMap, flags }) {
    const map = user.mapOf(name);
    if (map === undefined) return failed(ERRNO.EBADF);
    // The system call looks before the map's own update does (map_update_elem in kernel/bpf/syscall.c).
    if ((flags & BPF_F_LOCK) !== 0 && map.fields.spinLockOffset < 0) return failed(ERRNO.EINVAL);
    if (valueMap === undefined) return { result: map.update(keyOf(map, key), handedIn(user, map, value), flags) };
    const inner = user.mapOf(valueMap);
    return { result: inner === undefined ? -ERRNO.EBADF : map.update(keyOf(map, key), inner, flags) };
  },
  delete(user, { map: name, key }) {
    const map = user.mapOf(name);
    if (map === undefined) return failed(ERRNO.EBADF);
    return { result: map.delete(keyOf(map, key)) };
  },
  lookup(user, { map: name, key }) {
    const map = user.mapOf(name);
    if (map === undefined) return failed(ERRNO.EBADF);
    const address = map.lookup(keyOf(map, key), false);
    if (address === NULL) return failed(ERRNO.ENOENT);
    // The value of a map of maps is the inner map's id, which says nothing.
    if (map.inner !== undefined) return { result: 0, value: "00".repeat(map.spec.valueSize) };
    const bytes = map.readValue(regionOf(address), offsetOf(address));
    return { result: 0, value: Buffer.from(bytes).toString("hex") };
  },
  "close-map": (user, { map }) => user.closeMap(map),
  "close-program": (user, { program }) => user.closeProgram(program),
  "pin-map"(user, { map: name }) {
    const map = user.mapDescriptors.get(name);
    if (map === undefined) return failed(ERRNO.EBADF);
    if (user.mapPins.has(name)) return failed(ERRNO.EEXIST);
    map.references++;
    map.userReferences++;
    user.mapPins.set(name, map);
    return DONE;
  },
  "unpin-map": (user, { map }) => user.unpinMap(map),
  "open-pin"(user, { map: name }) {
    const map = user.mapPins.get(name);
    if (map === undefined) return failed(ERRNO.ENOENT);
    map.references++;
    map.userReferences++;
    user.openMap(name, map);
    return DONE;
  },
  "pin-program"(user, { program: name }) {
    const program = user.programDescriptors.get(name);
    if (program === undefined) return failed(ERRNO.EBADF);
    if (user.programPins.has(name)) return failed(ERRNO.EEXIST);
    program.references++;
    user.programPins.set(name, program);
    return DONE;
  },
  "unpin-program"(user, { program: name }) {
    const program = user.programPins.get(name);
    if (program === undefined) return failed(ERRNO.ENOENT);
    user.programPins.delete(name);
    user.kernel.putProgram(program);
    return DONE;
  },
  "open-program-pin"(user, { program: name }) {
    const program = user.programPins.get(name);
    if (program === undefined) return failed(ERRNO.ENOENT);
    program.references++;
    user.openProgram(name, program);
    return DONE;
  },
  "find-program"(user, { program: name }) {
    const program = user.loaded.get(name);
    return program !== undefined && program.references > 0 ? DONE : failed(ERRNO.ENOENT);
  },
  "exit-process"(user) {
    for (const name of [...user.mapDescriptors.keys()]) user.closeMap(name);
    for (const name of [...user.programDescriptors.keys()]) user.closeProgram(name);
    user.hasCapability = true;
    return DONE;
  },
  "drop-capability"(user) {
    user.hasCapability = false;
    return DONE;
  },
};

/** The value that user space hands in: for a per-CPU map, the same for each processor. */
function handedIn({ kernel }: UserSpace, map: BpfMap, hex: string): Uint8Array {
  const value = Buffer.from(hex, "hex");
  if (!map.isPerCpu) return value;
  const padded = Buffer.concat([value, Buffer.alloc(roundUp8(value.length) - value.length)]);
  return Buffer.concat(Array.from({ length: kernel.processors }, () => padded));
}

function executeStep<Kind extends PlainStep["kind"]>(user: UserSpace, step: StepOf<Kind>): Effect {
  const execute: Executors[Kind] = EXECUTORS[step.kind as Kind];
  return execute(user, step);
}
