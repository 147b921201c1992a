/** Requests whose shape was seen before, read faster: the shape is most of a line, and its text says that it is known. */
import type { CompiledScenario } from "../../scenario/compiled-scenario.ts";
import { type Request, requestSchema } from "./protocol.ts";

/** As many shapes as are kept. */
const SHAPES_MAX = 4096;

/** How our own requests begin, and what they have behind the shape. A line that is written otherwise is not known. */
const HEAD = /^\{"id":(\d+),"scenario":\{/;
const REST = ',"parameters":"';

const restSchema = requestSchema.shape.scenario.pick({ steps: true, parameters: true });
type Shape = Omit<CompiledScenario, "steps" | "parameters" | "origin">;

/** The value of a text, undefined where it is no JSON. */
export function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** The id in a line, and where in it the shape lies. */
function partsOf(line: string): { id: number; shape: string; rest: number } | undefined {
  const head = HEAD.exec(line);
  const rest = line.indexOf(REST);
  if (head === null || rest < 0) return undefined;
  return { id: Number(head[1]), shape: line.slice(head[0].length, rest), rest };
}

export class KnownShapes {
  readonly #byText = new Map<string, Shape>();

  /** The request in a line of a known shape; undefined of any other line. */
  read(line: string): Request | undefined {
    const parts = partsOf(line);
    const shape = parts === undefined ? undefined : this.#byText.get(parts.shape);
    if (parts === undefined || shape === undefined) return undefined;
    const rest = restSchema.safeParse(jsonOf(`{${line.slice(parts.rest + 1, -1)}`));
    return rest.success ? { id: parts.id, scenario: { ...shape, ...rest.data } } : undefined;
  }

  remember(line: string, { scenario: { steps: _steps, parameters: _parameters, ...shape } }: Request): void {
    const parts = partsOf(line);
    if (parts === undefined) return;
    if (this.#byText.size >= SHAPES_MAX) this.#byText.clear();
    this.#byText.set(parts.shape, shape);
  }
}
