/** Whether a trace can be one of the case that it is said to be of: what a schema cannot see. */
import type { CompiledMap, CompiledScenario, CompiledStep } from "../../scenario/compiled-scenario.ts";
import { ENTRY_AUX } from "../../scenario/log-map.ts";
import type { LogRecord, StepResult, Trace } from "../../scenario/trace.ts";

const INT32_MAX = 2 ** 31 - 1;
const COMPLAINTS_MAX = 64;

const isInt32 = (value: number): boolean => value >= -INT32_MAX - 1 && value <= INT32_MAX;

/** What is wrong with one record, or undefined. */
function misfitOfRecord(record: LogRecord, { sites, maps }: CompiledScenario, processors: number): string | undefined {
  const site = sites[record.site];
  if (site === undefined) return `site ${record.site} of ${sites.length}`;
  if (record.cpu >= processors) return `processor ${record.cpu} of ${processors}`;
  if (!isInt32(record.value) || !isInt32(record.aux)) return "a number that is no signed one of 32 bits";
  if (site.operation !== "entry") return undefined;
  const map = record.aux & ENTRY_AUX.mapMask;
  return map === ENTRY_AUX.mapUnknown || map < maps.length ? undefined : `map ${map} of ${maps.length}`;
}

const PER_CPU = /percpu/;

/** How many digits the bytes have that a lookup gives: of a per-CPU map, a value for each processor. */
function fitsValue(digits: number, { kind, valueSize }: CompiledMap): boolean {
  if (!PER_CPU.test(kind)) return digits === 2 * valueSize;
  const stride = 2 * Math.ceil(valueSize / 8) * 8;
  return digits > 0 && digits % stride === 0;
}

/** What is wrong with what one step gave, or undefined. */
function misfitOfStep(
  { result, returnValue, value, records }: StepResult,
  step: CompiledStep | undefined,
  scenario: CompiledScenario,
  processors: number,
): string | undefined {
  if (!isInt32(result)) return `result ${result}`;
  if (returnValue !== undefined && step?.kind !== "run") return "a return value of a step that runs nothing";
  if (value !== undefined) {
    const map = step?.kind === "lookup" ? scenario.maps.find(({ name }) => name === step.map) : undefined;
    if (map === undefined) return "a value of a step that looks nothing up";
    if (!fitsValue(value.length, map) || !/^[0-9a-f]*$/.test(value)) return `value ${value.slice(0, 40)}`;
  }
  for (const [at, record] of records.entries()) {
    const misfit = misfitOfRecord(record, scenario, processors);
    if (misfit !== undefined) return `record ${at}: ${misfit}`;
  }
  return undefined;
}

/** What of a trace cannot be, "step 3: site 9 of 4"; undefined where all can. */
export function misfitOf(trace: Trace, scenario: CompiledScenario, processors: number): string | undefined {
  const { steps } = scenario;
  if (trace.steps.length !== steps.length) return `${trace.steps.length} steps, the case has ${steps.length}`;
  if (trace.complaints.length > COMPLAINTS_MAX) return `${trace.complaints.length} complaints`;
  for (const [at, given] of trace.steps.entries()) {
    const misfit = misfitOfStep(given, steps[at], scenario, processors);
    if (misfit !== undefined) return `step ${at}: ${misfit}`;
  }
  return undefined;
}
