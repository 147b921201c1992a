/** The compiled project that is the working directory, with all of its tests loaded. */
import { mkdir, writeFile } from "node:fs/promises";
import { pathToFileURL } from "node:url";
import { collect, type InProcessTest } from "./in-process-tests.ts";

/** The file of the sandbox that lies at `path`. */
const urlOf = (path: string): string => pathToFileURL(path).href;

/** Makes `import "vitest"` in the tests mean in-process-tests.ts: the nearest package of a name is the one found. */
async function standInForVitest(): Promise<void> {
  const folder = "tests/node_modules/vitest";
  await mkdir(folder, { recursive: true });
  await writeFile(`${folder}/package.json`, '{ "name": "vitest", "type": "module", "exports": "./index.js" }\n');
  const standIn = new URL("./in-process-tests.js", import.meta.url).href;
  await writeFile(`${folder}/index.js`, `export * from ${JSON.stringify(standIn)};\n`);
}

export class Sandbox {
  /** By id. */
  readonly tests: ReadonlyMap<string, InProcessTest>;
  readonly #forgetPrograms: () => void;

  private constructor(tests: readonly InProcessTest[], forgetPrograms: () => void) {
    this.tests = new Map(tests.map((test) => [test.id, test]));
    this.#forgetPrograms = forgetPrograms;
  }

  /** Loads test files, given from the root of the project. Modules stay loaded as long as the process lives. */
  static async load(testFiles: readonly string[]): Promise<Sandbox> {
    await standInForVitest();
    const tests: InProcessTest[] = [];
    for (const file of testFiles) tests.push(...(await collect(file, () => import(urlOf(file)))));
    const verifier = (await import(urlOf("harness/emulator/verifier/verifier.js"))) as { forgetPrograms: () => void };
    return new Sandbox(tests, verifier.forgetPrograms);
  }

  /**
   * Runs a test; rejects where it fails. The emulator forgets programs that earlier tests loaded: it keeps what it has
   * found out about them, and so one mutant would be judged by what another had made.
   */
  async run(test: InProcessTest): Promise<void> {
    this.#forgetPrograms();
    await test.run();
  }
}
