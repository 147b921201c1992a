/** The load check: bpf_check of kernel/bpf/verifier.c, as far as it concerns timers and what programs here do. */
import type { Btf } from "../../../bpf/btf.ts";
import { ERRNO } from "../../../bpf/errno.ts";
import { LOAD_IMM64 } from "../../../bpf/instruction.ts";
import { BPF_PSEUDO_FUNC, BPF_PSEUDO_MAP_FD, BPF_PSEUDO_MAP_VALUE } from "../../../bpf/uapi.ts";
import type { CompiledProgram } from "../../../scenario/compiled-scenario.ts";
import { type Code, forgetCode, slotsAt } from "../code.ts";
import type { BpfMap } from "../maps/bpf-map.ts";
import type { Profile } from "../profiles.ts";
import { analyse } from "./analysis.ts";
import { Environment } from "./environment.ts";
import { explore } from "./explore.ts";
import { STACK_BYTES } from "./memory-access.ts";
import { checkAttachment, checkMap } from "./program-types.ts";
import { UNKNOWN } from "./register-state.ts";
import { Rejection } from "./rejection.ts";
import { findSubprograms, type Subprogram } from "./subprograms.ts";
import type { TimerRules } from "./timer-rules.ts";
import { newFrame } from "./verifier-state.ts";

/** What a verification is given. */
export interface VerifierInput {
  readonly spec: CompiledProgram;
  readonly code: Code;
  readonly btf: Btf;
  readonly profile: Profile;
  readonly rules: TimerRules;
  readonly processors: number;
  /** The map behind the descriptor that the relocation at a slot names; undefined where the process lacks it. */
  readonly mapAt: (slot: number) => BpfMap | undefined;
}

/** resolve_pseudo_ldimm64: the maps the program names, each allowed for its type. */
function resolveMaps(input: VerifierInput): Map<number, BpfMap> {
  const { code, spec, profile } = input;
  const maps = new Map<number, BpfMap>();
  for (let slot = 0; slot < code.length; slot += slotsAt(code, slot)) {
    const kind = code.src[slot] as number;
    if (code.opcode[slot] !== LOAD_IMM64 || kind === 0 || kind === BPF_PSEUDO_FUNC) continue;
    if (kind !== BPF_PSEUDO_MAP_FD && kind !== BPF_PSEUDO_MAP_VALUE)
      throw new Rejection(-ERRNO.EINVAL, "unrecognized bpf_ld_imm64 insn");
    const map = input.mapAt(slot);
    if (map === undefined) throw new Rejection(-ERRNO.EBADF, "fd -1 is not pointing to valid bpf_map");
    checkMap(map, spec, profile);
    if (kind === BPF_PSEUDO_MAP_VALUE) {
      const address = map.directValue(code.high[slot] as number);
      if (address < 0) throw new Rejection(address, "invalid access to map value pointer");
    }
    maps.set(slot, map);
  }
  return maps;
}

/** do_check_main. */
function checkMain(environment: Environment): void {
  const frame = newFrame(0, 0, -1, false);
  frame.registers[1] = { type: "ctx", offset: 0 };
  environment.explore({ slot: 0, frames: [frame], lock: undefined, irqFlags: [] });
  explore(environment);
}

/** do_check_subprogs: a global function, for any arguments of the types it declares (of pointers, for a context). */
function checkGlobal(environment: Environment, subprogram: Subprogram): void {
  const frame = newFrame(0, subprogram.index, -1, false);
  for (const [at, kind] of subprogram.parameters.entries())
    frame.registers[at + 1] = kind === "scalar" ? UNKNOWN : { type: "ctx", offset: 0 };
  environment.explore({ slot: subprogram.start, frames: [frame], lock: undefined, irqFlags: [] });
  explore(environment);
}

function checkGlobals(environment: Environment): void {
  const done = new Set<number>();
  for (;;) {
    const next = environment.subprograms.find(
      ({ index, isGlobal }) =>
        index > 0 &&
        isGlobal &&
        !done.has(index) &&
        (environment.calledGlobals.has(index) || !environment.profile.uncalledGlobalsSkipped),
    );
    if (next === undefined) return;
    done.add(next.index);
    checkGlobal(environment, next);
  }
}

/** check_max_stack_depth: the stacks of any call chain fit into one. */
function checkStackDepth(environment: Environment): void {
  const { bytes, emptyBytes } = environment.profile.stackRounding;
  const depthFrom = (index: number, level: number): number => {
    const own = environment.stackDepths[index] as number;
    const rounded = own === 0 ? emptyBytes : Math.ceil(own / bytes) * bytes;
    if (level > 8) throw new Rejection(-ERRNO.E2BIG, "the call stack of 9 frames is too deep !");
    let deepest = 0;
    for (const callee of environment.calls[index] as Set<number>)
      deepest = Math.max(deepest, depthFrom(callee, level + 1));
    return rounded + deepest;
  };
  for (const { index } of environment.subprograms) {
    const depth = depthFrom(index, 1);
    if (depth > STACK_BYTES) throw new Rejection(-ERRNO.EACCES, `combined stack size of calls is ${depth}. Too large`);
  }
}

/** What was found out of a program: over which maps it was rejected, and why. */
interface Known {
  readonly profile: Profile;
  readonly rules: TimerRules;
  readonly rejections: Map<string, Rejection | undefined>;
}

/** Cases of one shape share their programs: the same one over maps of the same make is verified once. */
let knownPrograms = new WeakMap<CompiledProgram, Known>();

/** Forgets all programs seen so far: for tests that change the emulator beneath them. */
export function forgetPrograms(): void {
  knownPrograms = new WeakMap();
  forgetCode();
}

/** All that exploring a program looks at in a map. How many elements it has is not asked: that is left to running it. */
const makeOf = ({ spec, inner }: BpfMap): string =>
  `${spec.name} ${spec.type} ${spec.keySize} ${spec.valueSize} ${spec.flags} ${spec.btfKeyTypeId} ${spec.btfValueTypeId}${inner === undefined ? "" : ` of ${makeOf(inner)}`}`;

function knownOf({ spec, profile, rules }: VerifierInput): Known {
  const before = knownPrograms.get(spec);
  if (before?.profile === profile && before.rules === rules) return before;
  const known: Known = { profile, rules, rejections: new Map() };
  knownPrograms.set(spec, known);
  return known;
}

/** Explores a program whose maps are there. @throws {Rejection} */
function check(input: VerifierInput, subprograms: readonly Subprogram[], maps: ReadonlyMap<number, BpfMap>): void {
  const { spec, code, profile, rules, processors } = input;
  const analysis = analyse(code, subprograms, profile.returnIsPrecise);
  if (analysis.unreachable >= 0) throw new Rejection(-ERRNO.EINVAL, `unreachable insn ${analysis.unreachable}`);
  const environment = new Environment({ spec, code, profile, rules, processors, maps, subprograms, analysis });
  if (profile.uncalledGlobalsSkipped) {
    checkMain(environment);
    checkGlobals(environment);
  } else {
    checkGlobals(environment);
    checkMain(environment);
  }
  checkStackDepth(environment);
  if (environment.missingKfunc !== undefined) throw new Rejection(-ERRNO.EINVAL, environment.missingKfunc);
}

/** The same, with what it throws as its result. */
function rejectionOf(...args: Parameters<typeof check>): Rejection | undefined {
  try {
    check(...args);
    return undefined;
  } catch (rejection) {
    if (rejection instanceof Rejection) return rejection;
    throw rejection;
  }
}

/** Verifies a program. Returns the maps it names, by slot. @throws {Rejection} with the errno of BPF_PROG_LOAD */
export function verify(input: VerifierInput): Map<number, BpfMap> {
  const { spec, code, btf, processors } = input;
  // What is known of a program has passed these two.
  const isNew = !knownPrograms.has(spec);
  let subprograms = isNew ? findSubprograms(code, spec, btf) : undefined;
  if (isNew) checkAttachment(spec);
  const maps = resolveMaps(input);
  const { rejections } = knownOf(input);
  let make = String(processors);
  // Which slot names which of them, the program says itself.
  for (const map of new Set(maps.values())) make += `, ${makeOf(map)}`;
  if (!rejections.has(make)) {
    subprograms ??= findSubprograms(code, spec, btf);
    rejections.set(make, rejectionOf(input, subprograms, maps));
  }
  const rejection = rejections.get(make);
  if (rejection !== undefined) throw rejection;
  return maps;
}
