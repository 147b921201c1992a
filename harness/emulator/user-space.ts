/** The process that acts, its descriptors, the pins in the file system, and each step as the system calls it makes. */

import type { Btf } from "../../bpf/btf.ts";
import { ERRNO } from "../../bpf/errno.ts";
import { BPF_F_LOCK } from "../../bpf/uapi.ts";
import type { CompiledScenario, CompiledStep } from "../../scenario/compiled-scenario.ts";
import type { StepResult } from "../../scenario/trace.ts";
import { NULL, offsetOf, regionOf } from "./address.ts";
import { btfOf, type Kernel } from "./kernel.ts";
import { type BpfMap, type MapKey, roundUp8 } from "./maps/bpf-map.ts";
import type { LoadedProgram } from "./program.ts";

/** What a step gives besides its time and its records. */
export type Effect = Pick<StepResult, "result"> & Partial<Pick<StepResult, "returnValue" | "value" | "message">>;

/** An update carries the bytes to write; every other step is as in the scenario. */
type CompiledUpdate = Extract<CompiledStep, { kind: "update"; value: string }>;
export type StepOf<Kind extends CompiledStep["kind"]> = Kind extends "update"
  ? CompiledUpdate
  : Extract<CompiledStep, { kind: Kind }>;
type Executors = { [Kind in CompiledStep["kind"]]: (user: UserSpace, step: StepOf<Kind>) => Effect };

const DONE: Effect = { result: 0 };
const failed = (errno: number): Effect => ({ result: -errno });

/** A key as user space hands it in: the number in four bytes, longer keys with zeros after it. */
export function keyOf(map: BpfMap, key: number): MapKey {
  if (map.spec.keySize === 4) return key;
  const bytes = Buffer.alloc(Math.max(map.spec.keySize, 4));
  bytes.writeUInt32LE(key >>> 0);
  return bytes.toString("latin1", 0, map.spec.keySize);
}

export class UserSpace {
  readonly kernel: Kernel;
  readonly scenario: CompiledScenario;
  readonly btf: Btf;
  /** The log map, which the observer holds for the whole scenario. */
  readonly log: BpfMap;
  /** Descriptors of the acting process, by the index of what they name. */
  readonly mapDescriptors = new Map<number, BpfMap>();
  readonly programDescriptors = new Map<number, LoadedProgram>();
  readonly mapPins = new Map<number, BpfMap>();
  readonly programPins = new Map<number, LoadedProgram>();
  /** Whether the acting process has CAP_BPF. */
  hasCapability = true;
  /** The program last loaded for an index, whether it still exists or not: by its id it can be asked for. */
  readonly loaded = new Map<number, LoadedProgram>();

  constructor(kernel: Kernel, scenario: CompiledScenario) {
    this.kernel = kernel;
    this.scenario = scenario;
    this.btf = btfOf(scenario.btf);
    const spec = scenario.maps[scenario.logMap];
    const log = spec === undefined ? -ERRNO.EINVAL : kernel.createMap(spec, this.btf, undefined);
    if (typeof log === "number") throw new RangeError("the scenario's log map cannot be created");
    this.log = log;
  }

  /** Executes one step. */
  execute(step: CompiledStep): Effect {
    return executeStep(this, step as StepOf<CompiledStep["kind"]>);
  }

  /** The map behind the process's descriptor; the log map's is always there. */
  mapOf(index: number): BpfMap | undefined {
    return index === this.scenario.logMap ? this.log : this.mapDescriptors.get(index);
  }

  /** Gives the process a descriptor, in place of the one it may have had. */
  openMap(index: number, map: BpfMap): void {
    const old = this.mapDescriptors.get(index);
    this.mapDescriptors.set(index, map);
    if (old !== undefined) this.kernel.putMapWithUserReference(old);
  }

  openProgram(index: number, program: LoadedProgram): void {
    const old = this.programDescriptors.get(index);
    this.programDescriptors.set(index, program);
    if (old !== undefined) this.kernel.putProgram(old);
  }

  closeMap(index: number): Effect {
    const map = this.mapDescriptors.get(index);
    if (map === undefined) return failed(ERRNO.EBADF);
    this.mapDescriptors.delete(index);
    this.kernel.putMapWithUserReference(map);
    return DONE;
  }

  closeProgram(index: number): Effect {
    const program = this.programDescriptors.get(index);
    if (program === undefined) return failed(ERRNO.EBADF);
    this.programDescriptors.delete(index);
    this.kernel.putProgram(program);
    return DONE;
  }

  unpinMap(index: number): Effect {
    const map = this.mapPins.get(index);
    if (map === undefined) return failed(ERRNO.ENOENT);
    this.mapPins.delete(index);
    this.kernel.putMapWithUserReference(map);
    return DONE;
  }
}

const EXECUTORS: Executors = {
  "create-map"(user, { map: index }) {
    const spec = user.scenario.maps[index];
    if (spec === undefined) return failed(ERRNO.EINVAL);
    if (!user.hasCapability) return failed(ERRNO.EPERM);
    const inner = spec.innerMap === undefined ? undefined : user.mapOf(spec.innerMap);
    const map = user.kernel.createMap(spec, user.btf, inner);
    if (typeof map === "number") return { result: map };
    user.openMap(index, map);
    return DONE;
  },
  "load-program"(user, { program: index }) {
    const spec = user.scenario.programs[index];
    if (spec === undefined) return failed(ERRNO.EINVAL);
    // As where unprivileged BPF is disabled (sysctl_unprivileged_bpf_disabled), as distributions have it.
    if (!user.hasCapability) return failed(ERRNO.EPERM);
    const named = new Map<number, number>();
    for (const relocation of spec.relocations)
      if (relocation.kind === "map") named.set(relocation.instruction, relocation.map);
    const program = user.kernel.loadProgram(spec, user.btf, (slot) => user.mapOf(named.get(slot) ?? -1));
    if ("errno" in program) {
      const { errno, message } = program;
      return message === undefined ? { result: errno } : { result: errno, message };
    }
    user.loaded.set(index, program);
    user.openProgram(index, program);
    return DONE;
  },
  run(user, { program: index, cpu = 0 }) {
    const program = user.programDescriptors.get(index);
    if (program === undefined) return failed(ERRNO.EBADF);
    if (cpu >= user.kernel.processors) return failed(ERRNO.EINVAL);
    user.kernel.cpu = cpu;
    return user.kernel.testRun(program);
  },
  advance(user, { ns }) {
    user.kernel.hrtimers.advance(user.kernel.hrtimers.nowNs + ns);
    return DONE;
  },
  update(user, { map: index, key, value, valueMap, flags }) {
    const map = user.mapOf(index);
    if (map === undefined) return failed(ERRNO.EBADF);
    // The system call looks before the map's own update does (map_update_elem in kernel/bpf/syscall.c).
    if ((flags & BPF_F_LOCK) !== 0 && map.fields.spinLockOffset < 0) return failed(ERRNO.EINVAL);
    if (valueMap === undefined) return { result: map.update(keyOf(map, key), handedIn(user, map, value), flags) };
    const inner = user.mapOf(valueMap);
    return { result: inner === undefined ? -ERRNO.EBADF : map.update(keyOf(map, key), inner, flags) };
  },
  delete(user, { map: index, key }) {
    const map = user.mapOf(index);
    if (map === undefined) return failed(ERRNO.EBADF);
    return { result: map.delete(keyOf(map, key)) };
  },
  lookup(user, { map: index, key }) {
    const map = user.mapOf(index);
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
  "pin-map"(user, { map: index }) {
    const map = user.mapDescriptors.get(index);
    if (map === undefined) return failed(ERRNO.EBADF);
    if (user.mapPins.has(index)) return failed(ERRNO.EEXIST);
    map.references++;
    map.userReferences++;
    user.mapPins.set(index, map);
    return DONE;
  },
  "unpin-map": (user, { map }) => user.unpinMap(map),
  "open-pin"(user, { map: index }) {
    const map = user.mapPins.get(index);
    if (map === undefined) return failed(ERRNO.ENOENT);
    map.references++;
    map.userReferences++;
    user.openMap(index, map);
    return DONE;
  },
  "pin-program"(user, { program: index }) {
    const program = user.programDescriptors.get(index);
    if (program === undefined) return failed(ERRNO.EBADF);
    if (user.programPins.has(index)) return failed(ERRNO.EEXIST);
    program.references++;
    user.programPins.set(index, program);
    return DONE;
  },
  "unpin-program"(user, { program: index }) {
    const program = user.programPins.get(index);
    if (program === undefined) return failed(ERRNO.ENOENT);
    user.programPins.delete(index);
    user.kernel.putProgram(program);
    return DONE;
  },
  "open-program-pin"(user, { program: index }) {
    const program = user.programPins.get(index);
    if (program === undefined) return failed(ERRNO.ENOENT);
    program.references++;
    user.openProgram(index, program);
    return DONE;
  },
  "find-program"(user, { program: index }) {
    const program = user.loaded.get(index);
    return program !== undefined && program.references > 0 ? DONE : failed(ERRNO.ENOENT);
  },
  "exit-process"(user) {
    for (const index of [...user.mapDescriptors.keys()]) user.closeMap(index);
    for (const index of [...user.programDescriptors.keys()]) user.closeProgram(index);
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

function executeStep<Kind extends CompiledStep["kind"]>(user: UserSpace, step: StepOf<Kind>): Effect {
  const execute: Executors[Kind] = EXECUTORS[step.kind as Kind];
  return execute(user, step);
}
