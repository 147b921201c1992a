/** What a case consists of before anything runs: its maps and its programs. */
import { type Btf, readBtf } from "../bpf/btf.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { indent } from "./indent.ts";
import { mapText } from "./map-text.ts";
import { programText } from "./program-text.ts";

/** The BTF of a case; no types where it is none, which may be just what the case is about. */
function readableBtf(hex: string): Btf {
  try {
    return readBtf(Buffer.from(hex, "hex"));
  } catch (error) {
    if (error instanceof RangeError) return { types: [] };
    throw error;
  }
}

/** The maps and programs of a compiled scenario, as a person reads them. */
export function scenarioText(compiled: CompiledScenario): string[] {
  const btf = readableBtf(compiled.btf);
  const maps = compiled.maps.filter(({ name }) => name !== compiled.logMap).map((map) => mapText(map, btf));
  const programs = compiled.programs.flatMap((program, index) => [
    ...programText(program, compiled.origin?.scenario.programs[index], compiled, btf),
    "",
  ]);
  return ["maps", ...indent(maps, 2), "", "programs", ...indent(programs, 2)];
}
