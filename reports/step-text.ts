/** One step of a scenario in words. */
import { formatResult } from "../bpf/errno.ts";
import type { CompiledStep } from "../scenario/compiled-scenario.ts";
import { keyNumber } from "../scenario/key.ts";
import { mapName, programName } from "../scenario/names.ts";
import type { Step } from "../scenario/scenario.ts";
import type { StepResult } from "../scenario/trace.ts";
import { updateFlags } from "./flag-names.ts";
import { delayText } from "./time-text.ts";

type AnyStep = Step | CompiledStep;
type Texts = { [K in AnyStep["kind"]]: (step: Extract<AnyStep, { kind: K }>) => string };

/** A scenario has numbers where what was compiled from it has names, and bytes for its keys. */
const mapText = (map: number | string): string => (typeof map === "number" ? mapName(map) : map);
const programText = (program: number | string): string =>
  typeof program === "number" ? programName(program) : program;

const SHORT_KEY_DIGITS = 8;

function keyText(key: number | string): string {
  if (typeof key === "number") return `${key}`;
  return key.length === SHORT_KEY_DIGITS ? `${keyNumber(key)}` : `0x${key}`;
}

/** An element by its map and key. */
const elementText = ({ map, key }: { map: number | string; key: number | string }): string =>
  `${mapText(map)}[${keyText(key)}]`;

/** What an update writes: an inner map, the bytes of a compiled step, or the payload and fill of a scenario's. */
function updateValue(step: Extract<AnyStep, { kind: "update" }>): string {
  if (!("value" in step))
    return step.fill === 0 ? `${step.payload}` : `${step.payload}, timer filled with ${step.fill}`;
  return step.valueMap === undefined ? step.value : step.valueMap;
}

const TEXTS: Texts = {
  "create-map": ({ map }) => `create ${mapText(map)}`,
  "load-program": ({ program }) => `load ${programText(program)}`,
  run: ({ program, cpu }) => `run ${programText(program)}${cpu === undefined ? "" : ` on cpu ${cpu}`}`,
  advance: ({ ns }) => `wait ${delayText(ns)}`,
  update: (step) => `update ${elementText(step)} = ${updateValue(step)}, ${updateFlags(step.flags)}`,
  delete: (step) => `delete ${elementText(step)}`,
  lookup: (step) => `look up ${elementText(step)}`,
  "close-map": ({ map }) => `close ${mapText(map)}`,
  "close-program": ({ program }) => `close ${programText(program)}`,
  "pin-map": ({ map }) => `pin ${mapText(map)}`,
  "unpin-map": ({ map }) => `unpin ${mapText(map)}`,
  "open-pin": ({ map }) => `open the pin of ${mapText(map)}`,
  "pin-program": ({ program }) => `pin ${programText(program)}`,
  "unpin-program": ({ program }) => `unpin ${programText(program)}`,
  "open-program-pin": ({ program }) => `open the pin of ${programText(program)}`,
  "find-program": ({ program }) => `find ${programText(program)} by its id`,
  "exit-process": () => "the process exits",
  "drop-capability": () => "the process gives up CAP_BPF",
  parallel: ({ branches }) =>
    `at the same time: ${branches.map(({ cpu, steps }) => `on cpu ${cpu} ${steps.map(stepText).join(", ")}`).join("; ")}`,
  attach: ({ program, to }) => `attach ${programText(program)} to ${to}`,
};

/** A step in words; maps and programs by their names. */
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
