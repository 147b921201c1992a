/** What a runtime has, where it does not have everything; and what a case takes. */
import { BPF_MAP_TYPE, BPF_PROG_TYPE, helperName } from "../bpf/uapi.ts";
import type { CompiledProgram, CompiledScenario } from "../scenario/compiled-scenario.ts";

/** What a runtime has. A list that is absent leaves nothing out; names are those of the kernel's UAPI headers. */
export interface Features {
  /** Whether it runs programs; where not, it only says which ones it would load. */
  readonly executes: boolean;
  /** Whether it refuses programs that break the rules; where not, it is given none of these. */
  readonly verifies: boolean;
  /** `BPF_MAP_TYPE_HASH`. */
  readonly mapTypes?: readonly string[] | undefined;
  /** `BPF_PROG_TYPE_XDP`. */
  readonly programTypes?: readonly string[] | undefined;
  /** `bpf_timer_init`. */
  readonly helpers?: readonly string[] | undefined;
  /** `bpf_timer_cancel_async`. */
  readonly kfuncs?: readonly string[] | undefined;
  /** The kinds of step, `pin-map`. */
  readonly steps?: readonly string[] | undefined;
}

/** The lists of features, and what a thing on each is called in a sentence. */
const LISTS = {
  mapTypes: "the map type",
  programTypes: "the program type",
  helpers: "the helper",
  kfuncs: "the kfunc",
  steps: "the step",
} as const;
type List = keyof typeof LISTS;

const INSTRUCTION_DIGITS = 16;
/** A call of a helper: the opcode, and source and destination register 0. */
const HELPER_CALL = "8500";
const IMMEDIATE_DIGIT = 8;

/** The name of each value of an enumeration of the UAPI, with its prefix. */
const namesOf = (values: Readonly<Record<string, number>>, prefix: string): ReadonlyMap<number, string> =>
  new Map(Object.entries(values).map(([name, value]) => [value, `${prefix}${name}`]));

const MAP_TYPE_NAMES = namesOf(BPF_MAP_TYPE, "BPF_MAP_TYPE_");
const PROGRAM_TYPE_NAMES = namesOf(BPF_PROG_TYPE, "BPF_PROG_TYPE_");

/** The helpers that some bytecode calls. */
function helpersOf({ instructions }: CompiledProgram): string[] {
  const helpers = new Set<number>();
  for (let at = 0; at < instructions.length; at += INSTRUCTION_DIGITS)
    if (instructions.startsWith(HELPER_CALL, at))
      helpers.add(Buffer.from(instructions.slice(at + IMMEDIATE_DIGIT, at + INSTRUCTION_DIGITS), "hex").readInt32LE());
  return [...helpers].map((id) => `bpf_${helperName(id) ?? id}`);
}

const kfuncsOf = ({ relocations }: CompiledProgram): string[] =>
  relocations.flatMap((each) => (each.kind === "kfunc" ? [each.name] : []));

/** What programs take does not change from case to case of one shape. */
const ofPrograms = new WeakMap<readonly CompiledProgram[], Pick<Needs, "programTypes" | "helpers" | "kfuncs">>();

function needsOfPrograms(programs: readonly CompiledProgram[]): Pick<Needs, "programTypes" | "helpers" | "kfuncs"> {
  const known = ofPrograms.get(programs);
  if (known !== undefined) return known;
  const needs = {
    programTypes: programs.map(({ type }) => PROGRAM_TYPE_NAMES.get(type) ?? `BPF_PROG_TYPE_${type}`),
    helpers: programs.flatMap(helpersOf),
    kfuncs: programs.flatMap(kfuncsOf),
  };
  ofPrograms.set(programs, needs);
  return needs;
}

/** What a case takes, by list; things may be there twice. */
export type Needs = Record<List, readonly string[]>;

export function needsOf({ maps, programs, steps }: CompiledScenario): Needs {
  return {
    ...needsOfPrograms(programs),
    mapTypes: maps.map(({ type }) => MAP_TYPE_NAMES.get(type) ?? `BPF_MAP_TYPE_${type}`),
    steps: steps.map(({ kind }) => kind),
  };
}

/** Whether a step is one that a runtime which executes nothing can be asked. */
export const isOfLoading = (kind: string): boolean => kind === "create-map" || kind === "load-program";

/** The first thing that a case takes and a runtime lacks, "the map type BPF_MAP_TYPE_LRU_HASH"; undefined where it has all. */
export function missingFor(features: Features, scenario: CompiledScenario): string | undefined {
  const needs = needsOf(scenario);
  const executed = features.executes ? undefined : needs.steps.find((step) => !isOfLoading(step));
  if (executed !== undefined) return `${LISTS.steps} ${executed}`;
  for (const list of Object.keys(LISTS) as List[]) {
    const had = features[list];
    const missing = had === undefined ? undefined : needs[list].find((name) => !had.includes(name));
    if (missing !== undefined) return `${LISTS[list]} ${missing}`;
  }
  return undefined;
}
