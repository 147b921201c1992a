/** What is in a case and what came of it, as words: vectors are chosen so that together they have many. */
import { formatResult } from "../../bpf/errno.ts";
import type { HistoryEvent } from "../../scenario/history.ts";
import type { MapSpec, Operation } from "../../scenario/scenario.ts";
import type { Reading } from "../../specs/checks/reading.ts";

function* ofMap({ type, flags, btf, value, innerMap }: MapSpec): Generator<string> {
  yield `map ${type}`;
  if (flags !== 0) yield `map flags ${flags}`;
  if (!btf) yield "map without BTF";
  if (innerMap !== undefined) yield `inner map in ${type}`;
  const special = value.fields.filter(({ kind }) => kind !== "u64");
  for (const { kind, inside } of special) yield inside === undefined ? `field ${kind}` : `field ${kind} in ${inside}`;
  if (special.filter(({ kind }) => kind === "timer").length > 1) yield "two timers in a value";
}

/** What an operation is handed that changes what it does. */
function argumentsOf(operation: Operation): string {
  if (operation.kind !== "timer-init" && operation.kind !== "timer-start" && operation.kind !== "update") return "";
  return Number(operation.flags) === 0 ? "" : ` flags ${operation.flags}`;
}

function ofEvent(event: HistoryEvent): string {
  if (event.kind === "step") return `${event.step.kind} gives ${formatResult(event.outcome.result)}`;
  if (event.kind === "firing") return "firing";
  const where = event.callback === null ? "" : " in a callback";
  const isSaid = !["read-payload", "write-payload"].includes(event.operation.kind);
  const result = isSaid ? ` gives ${formatResult(event.result)}` : "";
  return `${event.operation.kind}${argumentsOf(event.operation)}${where}${result}`;
}

/** The features of a case that was read, each once. */
export function featuresOf(reading: Reading, clauses: Iterable<string>): ReadonlySet<string> {
  const { scenario, events, firings } = reading;
  const features = new Set<string>();
  for (const clause of clauses) features.add(`clause ${clause}`);
  for (const map of scenario.maps) for (const feature of ofMap(map)) features.add(feature);
  for (const { type } of scenario.programs) features.add(`program ${type}`);
  for (const event of events) features.add(ofEvent(event));
  if (scenario.programs.length > 1) features.add("several programs");
  if (firings.length > 1) features.add("several firings");
  return features;
}
