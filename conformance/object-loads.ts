/** What becomes of an object on each Linux release: what a loader like libbpf is told when it makes its maps and loads its programs. */
import { z } from "zod";
import { openEmulator, profiles } from "../harness/emulator/index.ts";
import type { CompiledMap, CompiledScenario, CompiledStep } from "../scenario/compiled-scenario.ts";

export const OBJECT_LOADS_FORMAT = "bpf-timer-conformance/object-loads";
export const OBJECT_LOADS_VERSION = 1;

/** By name: 0, or the negative errno with which it is refused. */
const results = z.record(z.string(), z.int().max(0));

const releaseSchema = z.strictObject({
  /** Of the object as a whole: that of the first map that cannot be made, else of the first program that is refused. */
  object: z.int().max(0),
  maps: results,
  /** The maps that the kernel makes only without BTF, as libbpf then tries; programs find no timer in them. */
  mapsWithoutBtf: z.array(z.string()),
  /** Of each program by itself; empty where a map cannot be made, since then none is loaded. */
  programs: results,
});
type ReleaseLoads = z.infer<typeof releaseSchema>;

export const objectLoadsSchema = z.strictObject({
  format: z.literal(OBJECT_LOADS_FORMAT),
  version: z.literal(OBJECT_LOADS_VERSION),
  /** The guarantee that the case is of. */
  guarantee: z.string().optional(),
  /** By Linux release, `6.12`: what the emulator of that release says, which is compared with kernels release by release. */
  releases: z.record(z.string(), releaseSchema),
});
export type ObjectLoads = z.infer<typeof objectLoadsSchema>;

/** Of a case, nothing but that its maps are made, inner ones first, and its programs loaded. */
export function loadsOfCompiled(compiled: CompiledScenario): CompiledScenario {
  const maps = compiled.maps.filter(({ name }) => name !== compiled.logMap);
  const isOuter = ({ innerMap }: CompiledMap): number => Number(innerMap !== undefined);
  const steps: CompiledStep[] = [
    ...maps
      .sort((one, other) => isOuter(one) - isOuter(other))
      .map(({ name }) => ({ kind: "create-map" as const, map: name })),
    ...compiled.programs.map(({ name }) => ({ kind: "load-program" as const, program: name })),
  ];
  const { origin: _, ...rest } = compiled;
  return { ...rest, steps };
}

/** The case with some of its maps without BTF. */
export function withoutBtf(compiled: CompiledScenario, names: readonly string[]): CompiledScenario {
  const strip = (map: CompiledMap): CompiledMap =>
    names.includes(map.name) ? { ...map, btfKeyTypeId: 0, btfValueTypeId: 0, specialFields: [] } : map;
  return { ...compiled, maps: compiled.maps.map(strip) };
}

/** The results of one kind of step, by the name of what each is about. */
function resultsOf(steps: readonly CompiledStep[], given: readonly number[], kind: "create-map" | "load-program") {
  return steps.flatMap((step, at): [string, number][] =>
    step.kind === kind ? [["map" in step ? step.map : step.program, given[at] ?? 0]] : [],
  );
}

async function loadsOn(release: string, loads: readonly CompiledScenario[]): Promise<ReleaseLoads[]> {
  const emulator = openEmulator(`emulator:${release}`);
  const run = async (cases: readonly CompiledScenario[]): Promise<number[][]> =>
    (await emulator.run(cases)).map((outcome) => {
      if (outcome.kind !== "trace") throw new Error(`emulator:${release} gave no trace: ${outcome.reason}`);
      return outcome.trace.steps.map(({ result }) => result);
    });
  const refusedIn = (given: readonly number[], at: number): string[] =>
    resultsOf(loads[at]?.steps ?? [], given, "create-map").flatMap(([name, result]) => (result < 0 ? [name] : []));
  const refused = (await run(loads)).map(refusedIn);
  const again = await run(loads.map((each, at) => withoutBtf(each, refused[at] ?? [])));
  return again.map((given, at) => {
    const { steps } = loads[at] as CompiledScenario;
    const maps = resultsOf(steps, given, "create-map");
    const missing = maps.filter(([, result]) => result < 0).map(([name]) => name);
    const programs = missing.length > 0 ? [] : resultsOf(steps, given, "load-program");
    return {
      object: [...maps, ...programs].find(([, result]) => result < 0)?.[1] ?? 0,
      maps: Object.fromEntries(maps),
      mapsWithoutBtf: (refused[at] ?? []).filter((name) => !missing.includes(name)),
      programs: Object.fromEntries(programs),
    };
  });
}

/** What becomes of each case's object on every release of which there is a profile, oldest release first. */
export async function objectLoads(cases: readonly CompiledScenario[]): Promise<ObjectLoads[]> {
  const loads = cases.map(loadsOfCompiled);
  const releases: [string, ReleaseLoads[]][] = [];
  for (const release of Object.keys(profiles)) releases.push([release, await loadsOn(release, loads)]);
  return cases.map(({ origin }, at) => ({
    format: OBJECT_LOADS_FORMAT,
    version: OBJECT_LOADS_VERSION,
    ...(origin?.guarantee === undefined ? {} : { guarantee: origin.guarantee }),
    releases: Object.fromEntries(releases.map(([release, results]) => [release, results[at] as ReleaseLoads])),
  }));
}
