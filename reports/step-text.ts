/** One step of a scenario in words. */
import { formatResult } from "../bpf/errno.ts";
import type { CompiledStep } from "../scenario/compiled-scenario.ts";
import type { Step, StepKind } from "../scenario/scenario.ts";
import type { StepResult } from "../scenario/trace.ts";
import { updateFlags } from "./flag-names.ts";
import { delayText } from "./time-text.ts";

type AnyStep = Step | CompiledStep;
type Texts = { [K in StepKind]: (step: Extract<AnyStep, { kind: K }>) => string };

/** What an update writes: an inner map, the bytes of a compiled step, or the payload and fill of a scenario's. */
function updateValue(step: Extract<AnyStep, { kind: "update" }>): string {
  if (!("value" in step))
    return step.fill === 0 ? `${step.payload}` : `${step.payload}, timer filled with ${step.fill}`;
  return step.valueMap === undefined ? step.value : `m${step.valueMap}`;
}

const TEXTS: Texts = {
  "create-map": ({ map }) => `create m${map}`,
  "load-program": ({ program }) => `load p${program}`,
  run: ({ program, cpu }) => `run p${program}${cpu === undefined ? "" : ` on cpu ${cpu}`}`,
  advance: ({ ns }) => `wait ${delayText(ns)}`,
  update: (step) => `update m${step.map}[${step.key}] = ${updateValue(step)}, ${updateFlags(step.flags)}`,
  delete: ({ map, key }) => `delete m${map}[${key}]`,
  lookup: ({ map, key }) => `look up m${map}[${key}]`,
  "close-map": ({ map }) => `close m${map}`,
  "close-program": ({ program }) => `close p${program}`,
  "pin-map": ({ map }) => `pin m${map}`,
  "unpin-map": ({ map }) => `unpin m${map}`,
  "open-pin": ({ map }) => `open the pin of m${map}`,
  "pin-program": ({ program }) => `pin p${program}`,
  "unpin-program": ({ program }) => `unpin p${program}`,
  "open-program-pin": ({ program }) => `open the pin of p${program}`,
  "find-program": ({ program }) => `find p${program} by its id`,
  "exit-process": () => "the process exits",
  "drop-capability": () => "the process gives up CAP_BPF",
};

/** A step in words; maps and programs by their index. */
export function stepText(step: AnyStep): string {
  const text = TEXTS[step.kind] as (step: AnyStep) => string;
  return text(step);
}

/** What a step gave, in words: its result, and what else it returned. */
export function stepResultText({ result, returnValue, value }: StepResult): string {
  const parts = [formatResult(result)];
  if (returnValue !== undefined && result >= 0) parts.push(`returned ${returnValue}`);
  if (value !== undefined) parts.push(`value ${value}`);
  return parts.join(", ");
}
