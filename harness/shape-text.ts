/** The JSON of the part of a case that recurs: made once for the cases that share it. */
import type { CompiledScenario } from "../scenario/compiled-scenario.ts";

export class ShapeTexts {
  readonly #pick: (scenario: CompiledScenario) => object;
  /** By the list of maps, which is the shape's own. */
  readonly #texts = new WeakMap<CompiledScenario["maps"], { programs: CompiledScenario["programs"]; text: string }>();

  /** @param pick what of a case is of its shape */
  constructor(pick: (scenario: CompiledScenario) => object) {
    this.#pick = pick;
  }

  /** The JSON object of a case's shape. */
  of(scenario: CompiledScenario): string {
    const { maps, programs } = scenario;
    const known = this.#texts.get(maps);
    if (known?.programs === programs) return known.text;
    const text = JSON.stringify(this.#pick(scenario));
    this.#texts.set(maps, { programs, text });
    return text;
  }
}
