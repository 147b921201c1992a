/** What the emulator's tests share: running a scenario, and reading its trace by operation. */
import { openEmulator } from "../../harness/emulator/index.ts";
import { compile } from "../../scenario/compile.ts";
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import type { MapSpec, Scenario } from "../../scenario/scenario.ts";
import { type LogRecord, type StepResult, type Trace, traceSchema } from "../../scenario/trace.ts";

export const VERSIONS = ["6.1", "6.12"] as const;

/** A map with a timer at offset 8, behind a u64. */
export const timerMap = (type: MapSpec["type"] = "hash", more: Partial<MapSpec> = {}): MapSpec => ({
  type,
  maxEntries: 4,
  flags: 0,
  btf: true,
  value: {
    size: 24,
    fields: [
      { kind: "u64", offset: 0 },
      { kind: "timer", offset: 8 },
    ],
  },
  ...more,
});

/** Runs compiled scenarios and checks each trace's form. */
export async function execute(compiled: CompiledScenario, runtime = "emulator"): Promise<Trace> {
  const [outcome] = await openEmulator(runtime).run([compiled]);
  if (outcome?.kind !== "trace") throw new Error(`no trace: ${JSON.stringify(outcome)}`);
  return traceSchema.parse(outcome.trace);
}

export interface Seen {
  readonly trace: Trace;
  readonly steps: readonly StepResult[];
  /** Results of the helper calls and the entries of callbacks, as `program:operation=value` or `callback0!key`. */
  readonly events: readonly string[];
  readonly records: readonly LogRecord[];
}

/** Runs a scenario and names what its records stand for. */
export async function see(scenario: Scenario, runtime = "emulator"): Promise<Seen> {
  const compiled = compile(scenario);
  const trace = await execute(compiled, runtime);
  const records = trace.steps.flatMap((step) => step.records);
  const events = records.map(({ site, value }) => {
    const at = compiled.sites[site];
    if (at === undefined) return `site ${site}`;
    const where = at.callback === null ? `p${at.program}` : `c${at.callback}`;
    return at.operation === "entry" ? `${where}!${value}` : `${where}:${at.operation}=${value}`;
  });
  return { trace, steps: trace.steps, events, records };
}

/** The result of the last step of a kind. */
export function lastResult({ steps }: Seen, scenario: Scenario, kind: Scenario["steps"][number]["kind"]): number {
  const at = scenario.steps.findLastIndex((step) => step.kind === kind);
  const step = steps[at];
  if (step === undefined) throw new Error(`no step ${kind}`);
  return step.result;
}
