/** A case as the line that asks for it. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { ShapeTexts } from "../shape-text.ts";

const shapes = new ShapeTexts(({ format, version, btf, maps, logMap, programs, sites }) => ({
  format,
  version,
  btf,
  maps,
  logMap,
  programs,
  sites,
}));

/** The line, without its end. Where a saved case came from is not the runtime's business. */
export function requestLine(id: number, scenario: CompiledScenario): string {
  const { parameters, steps } = scenario;
  const shape = shapes.of(scenario).slice(0, -1);
  return `{"id":${id},"scenario":${shape},"parameters":"${parameters}","steps":${JSON.stringify(steps)}}}`;
}
