import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { disassemble } from "../../../bpf/disassembler.ts";
import { decodeInstructions } from "../../../bpf/instruction.ts";
import { SIMPLE_MAP } from "../../../generators/map.ts";
import { anyScenario } from "../../../generators/scenario.ts";
import { callback, init, lookup, program, run, scenario, setCallback, start } from "../../../scenario/build.ts";
import { compile } from "../../../scenario/compile.ts";
import { type CompiledScenario, compiledScenarioSchema } from "../../../scenario/compiled-scenario.ts";
import { type Scenario, scenarioSchema } from "../../../scenario/scenario.ts";
import { ScenarioError } from "../../../scenario/scenario-error.ts";

const lifecycle = scenario(
  [SIMPLE_MAP],
  [program([lookup(0, 0), init(0, 1), setCallback(0), start(1)], [callback(), callback()])],
  [run()],
);

function assembly(compiled: CompiledScenario): string[] {
  const [first] = compiled.programs;
  const bytes = Buffer.from(first?.instructions ?? "", "hex");
  return disassemble(decodeInstructions(bytes), {
    relocations: first?.relocations ?? [],
  });
}

describe("compile", () => {
  test("calls the helpers in the order of the operations, each followed by a log record", () => {
    const calls = assembly(compile(lifecycle)).flatMap((line) => /call (bpf_\w+|pc)/.exec(line)?.[1] ?? []);
    expect(calls).toEqual([
      "bpf_map_lookup_elem",
      "pc",
      "bpf_timer_init",
      "pc",
      "bpf_timer_set_callback",
      "pc",
      "bpf_timer_start",
      "pc",
      "bpf_map_lookup_elem",
      "pc",
      "bpf_ktime_get_ns",
      "bpf_get_smp_processor_id",
    ]);
  });

  test("leaves out callbacks that nothing refers to, which the verifier would call unreachable", () => {
    expect(compile(lifecycle).programs[0]?.funcInfo).toHaveLength(3);
  });

  test("numbers its call sites without gaps, the callback's entry among them", () => {
    const { sites } = compile(lifecycle);
    expect(sites.map(({ callback, operation }) => [callback, operation])).toEqual([
      [null, 0],
      [null, 1],
      [null, 2],
      [null, 3],
      [0, "entry"],
    ]);
  });

  test.each<[string, Scenario, RegExp]>([
    ["an element that was never looked up", scenario([SIMPLE_MAP], [program([init(0, 1)])], []), /no lookup/],
    ["a map that is not there", scenario([SIMPLE_MAP], [program([lookup(3, 0)])], []), /map 3/],
    [
      "a callback that is not there",
      scenario([SIMPLE_MAP], [program([lookup(0, 0), setCallback(2)])], []),
      /callback 2/,
    ],
    ["a step with a program that is not there", scenario([SIMPLE_MAP], [], [run(7)]), /program 7/],
  ])("refuses %s", (_, bad, message) => {
    expect(() => compile(bad)).toThrow(ScenarioError);
    expect(() => compile(bad)).toThrow(message);
  });

  test("gives the same bytes for the same scenario, of the documented format, whatever the scenario", () => {
    fc.assert(
      fc.property(anyScenario, (any) => {
        expect(scenarioSchema.parse(any)).toEqual(any);
        const compiled = compile(any);
        expect(compiledScenarioSchema.parse(JSON.parse(JSON.stringify(compiled)))).toEqual(compiled);
        expect(compile(structuredClone(any))).toEqual(compiled);
      }),
      { seed: 7, numRuns: 100 },
    );
  });
});
