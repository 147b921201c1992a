/** What a case consists of before anything runs: its maps and its programs. */
import { readBtf } from "../bpf/btf.ts";
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";
import { indent } from "./indent.ts";
import { mapText } from "./map-text.ts";
import { programText } from "./program-text.ts";

/** The maps and programs of a compiled scenario, as a person reads them. */
export function scenarioText(compiled: CompiledScenario): string[] {
  const btf = readBtf(Buffer.from(compiled.btf, "hex"));
  const maps = compiled.maps.filter((_, index) => index !== compiled.logMap).map((map) => mapText(map, btf));
  const programs = compiled.programs.flatMap((program, index) => [
    ...programText(program, compiled.origin?.scenario.programs[index], compiled.maps, btf),
    "",
  ]);
  return ["maps", ...indent(maps, 2), "", "programs", ...indent(programs, 2)];
}
