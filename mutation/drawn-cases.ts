/**
 * Which code of a guarantee only draws its cases: what stands under `scenarios`, and the declarations at the top of the
 * file that nothing else asks for. A mutant there makes other cases, which are judged as rightly, so that no test has
 * to fail. What judges a trace is everything else, and code that does both.
 */
import type { Ignorer } from "@stryker-mutator/api/ignore";

/** As much of Babel's NodePath as is asked for here. */
interface SourcePath {
  readonly node: object;
  readonly parentPath: SourcePath | null;
  readonly scope: { getProgramParent(): { readonly bindings: Readonly<Record<string, Binding>> } };
  isProgram(): boolean;
  isObjectProperty(): boolean;
  get(key: "key"): { isIdentifier(options: { name: string }): boolean };
}

/** A name that is declared, and where it is used. */
interface Binding {
  readonly path: SourcePath;
  readonly referencePaths: readonly SourcePath[];
}

const REASON = "draws cases, and judges none";

const isScenarios = (path: SourcePath): boolean =>
  path.isObjectProperty() && path.get("key").isIdentifier({ name: "scenarios" });

const isWithin = (path: SourcePath, isOuter: (outer: SourcePath) => boolean): boolean => {
  for (let outer: SourcePath | null = path; outer !== null; outer = outer.parentPath) if (isOuter(outer)) return true;
  return false;
};

/** The declarations at the top of a file that are used under `scenarios` alone, or by others of which that is true. */
function drawingDeclarations(program: SourcePath): ReadonlySet<object> {
  const bindings = Object.values(program.scope.getProgramParent().bindings);
  const drawing = new Set<object>();
  const isDrawing = (path: SourcePath): boolean =>
    isWithin(path, (each) => isScenarios(each) || drawing.has(each.node));
  for (let size = -1; size < drawing.size; ) {
    size = drawing.size;
    for (const { path, referencePaths } of bindings)
      if (referencePaths.length > 0 && referencePaths.every(isDrawing)) drawing.add(path.node);
  }
  return drawing;
}

export class DrawnCases implements Ignorer {
  #drawing: ReadonlySet<object> = new Set();

  /** Called for each piece of a file, from the outside in. */
  shouldIgnore(path: SourcePath): string | undefined {
    if (path.isProgram()) this.#drawing = drawingDeclarations(path);
    return isScenarios(path) || this.#drawing.has(path.node) ? REASON : undefined;
  }
}
