/** A compiled scenario's maps and programs as a relocatable ELF object, as libbpf expects one of clang's. */
import { BtfWriter } from "../../bpf/btf.ts";
import { encodeBtfExt } from "../../bpf/btf-ext-writer.ts";
import { type ElfSymbol, ElfWriter } from "../../bpf/elf-writer.ts";
import type { CompiledMap, CompiledProgram, CompiledScenario } from "../compiled-scenario.ts";
import { ScenarioError } from "../scenario-error.ts";
import { addCode, arrange } from "./code.ts";
import { addKfuncs } from "./kfuncs.ts";
import { addLog } from "./log.ts";
import { addMaps } from "./maps.ts";
import { addStructOps } from "./struct-ops.ts";

const IDENTIFIER = /^[A-Za-z_]\w*$/;

/** The programs' licence; an object has one. */
function licenseOf(programs: readonly CompiledProgram[]): string {
  const [license = "GPL", ...others] = new Set(programs.map((program) => program.license));
  if (others.length > 0)
    throw new ScenarioError(`an object has one licence, and the programs have ${license} and others`);
  return license;
}

function checkNames(named: readonly { name: string }[]): void {
  const odd = named.find(({ name }) => !IDENTIFIER.test(name));
  if (odd !== undefined) throw new ScenarioError(`${JSON.stringify(odd.name)} cannot be a name in an object`);
}

/** The maps that some programs refer to. */
function mapsOf(programs: readonly CompiledProgram[], maps: readonly CompiledMap[]): CompiledMap[] {
  const used = new Set(programs.flatMap(({ relocations }) => relocations.map((each) => "map" in each && each.map)));
  return maps.filter(({ name }) => used.has(name));
}

/**
 * The object of a whole scenario, or of one of its programs and the maps that it refers to.
 * @param only the program's name
 * @throws {ScenarioError} where a program or a map cannot be written so that libbpf would load the same
 */
export function objectOf(scenario: CompiledScenario, only?: string): Uint8Array {
  const programs = scenario.programs.filter(({ name }) => only === undefined || name === only);
  const maps = only === undefined ? scenario.maps : mapsOf(programs, scenario.maps);
  const logMap = scenario.maps.find(({ name }) => name === scenario.logMap);
  if (logMap === undefined) throw new ScenarioError(`the log map ${scenario.logMap} is not among the maps`);
  checkNames([...programs, ...maps]);
  const types = Buffer.from(scenario.btf, "hex");
  const codes = arrange(programs, types);
  const elf = new ElfWriter();
  const btf = BtfWriter.extending(types);
  const kfuncs = programs.flatMap(({ relocations }) =>
    relocations.flatMap((each) => ("name" in each ? [each.name] : [])),
  );
  const functions = addCode(elf, codes, {
    log: addLog(elf, btf, logMap, scenario.parameters),
    maps: addMaps(
      elf,
      btf,
      maps.filter((map) => map !== logMap),
      scenario.maps,
    ),
    kfuncs: addKfuncs(elf, btf, [...new Set(kfuncs)]),
  });
  const license = elf.section({
    name: "license",
    flags: ["write", "alloc"],
    bytes: Buffer.from(`${licenseOf(programs)}\0`),
  });
  elf.symbol({
    name: "_license",
    section: license,
    offsetBytes: 0,
    sizeBytes: license.bytes.length,
    type: "object",
    binding: "global",
  });
  addStructOps(
    elf,
    btf,
    programs.map((program) => ({ program, symbol: functions.get(program.name) as ElfSymbol })),
  );
  const infos = codes.map(({ section, placed }) => ({
    section,
    functions: placed.map(({ offsetBytes, function: { name, protoId, linkage } }) => ({
      offsetBytes,
      typeId: btf.func(name, protoId, linkage),
    })),
  }));
  const ext = encodeBtfExt(infos, btf);
  elf.section({ name: ".BTF", flags: [], bytes: btf.encode() });
  // libbpf refuses one that says nothing.
  if (infos.length > 0) elf.section({ name: ".BTF.ext", flags: [], bytes: ext });
  return elf.encode();
}
