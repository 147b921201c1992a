/** One small case of a guarantee, drawn: its maps, what its programs do, and the steps. */
import { readBtf } from "../bpf/btf.ts";
import { type Case, casesFor } from "../conformance/cases.ts";
import type { Scenario } from "../scenario/scenario.ts";
import type { Guarantee } from "../specs/guarantee.ts";
import { indent } from "./indent.ts";
import { mapText } from "./map-text.ts";
import { programWords } from "./program-text.ts";
import { stepText } from "./step-text.ts";

/** The example is the shortest of this many cases, drawn with this seed. */
const CANDIDATES = 10;
const SEED = 1;

/** How much a reader has to read. */
const size = ({ maps, programs, steps }: Scenario): number =>
  maps.length +
  steps.length +
  programs.reduce(
    (sum, { operations, callbacks }) =>
      sum + 1 + operations.length + callbacks.reduce((inner, callback) => inner + 1 + callback.operations.length, 0),
    0,
  );

/** The shortest of a guarantee's first directed cases, always the same; undefined where it has none. */
export function exampleCase(guarantee: Guarantee): Case | undefined {
  const [first, ...others] = casesFor(guarantee, SEED, CANDIDATES);
  if (first === undefined) return undefined;
  return others.reduce((best, item) => (size(item.scenario) < size(best.scenario) ? item : best), first);
}

/** The case in words, without its bytecode. */
export function exampleText({ scenario, compiled }: Case): string[] {
  const btf = readBtf(Buffer.from(compiled.btf, "hex"));
  const maps = compiled.maps.filter(({ name }) => name !== compiled.logMap);
  const width = String(scenario.steps.length - 1).length;
  return [
    ...maps.map((map) => mapText(map, btf)),
    ...scenario.programs.flatMap((program, index) => [
      `p${index}  ${program.type}`,
      ...indent(programWords(program), 4),
    ]),
    "steps",
    ...scenario.steps.map((step, at) => `  ${String(at).padStart(width)}  ${stepText(step)}`),
  ];
}
