/**
 * What the test files import as "vitest" in a mutation run: they register their tests here, once a process, and the
 * runner calls those that reach a mutant. Only what this project's tests use; `expect` is that of vitest itself.
 */
import { format } from "node:util";

export { expect } from "vitest";

type Hook = () => unknown;
/** Takes the rows of test.each, whatever the test's function says that they are. */
type Body = (...row: never[]) => unknown;

/** A test that a file has registered. */
export interface InProcessTest {
  /** `tests/unit/a.test.ts#12 the words of its describes and its own`; unique and the same in every process. */
  readonly id: string;
  readonly name: string;
  readonly file: string;
  /** Rejects where the test fails. */
  run(): Promise<void>;
}

interface Suite {
  readonly names: readonly string[];
  readonly before: readonly Hook[];
  readonly after: readonly Hook[];
}

const registered: InProcessTest[] = [];
let file = "";
let inFile = 0;
let suite: { names: string[]; before: Hook[]; after: Hook[] } = { names: [], before: [], after: [] };

/** The tests that `load` registers, which imports the file. */
export async function collect(name: string, load: () => Promise<unknown>): Promise<InProcessTest[]> {
  const from = registered.length;
  file = name;
  inFile = 0;
  suite = { names: [], before: [], after: [] };
  await load();
  return registered.slice(from);
}

const inFull = ({ names, before, after }: Suite, body: Hook) => ({
  name: names.join(" "),
  async run(): Promise<void> {
    for (const hook of before) await hook();
    try {
      await body();
    } finally {
      for (const hook of after) await hook();
    }
  },
});

/** Registers a test. */
export function test(name: string, body: Hook): void {
  const { names, before, after } = suite;
  const own = inFull({ names: [...names, name], before, after }, body);
  registered.push({ ...own, id: `${file}#${inFile++} ${own.name}`, file });
}

/** Groups the tests that `body` registers. */
export function describe(name: string, body: Hook): void {
  const outer = suite;
  suite = { names: [...outer.names, name], before: [...outer.before], after: [...outer.after] };
  body();
  suite = outer;
}

/** A row's title: `$key` is its property, and `%s` and the like its elements; `%#` is its place. */
function titled(title: string, row: unknown, place: number): string {
  const named = title
    .replaceAll("%#", String(place))
    .replace(/\$([a-z]\w*)/gi, (_, key: string) => String((row as Record<string, unknown>)[key]));
  const placeholders = named.match(/%[sdifjoO]/g)?.length ?? 0;
  return format(named, ...(Array.isArray(row) ? row : [row]).slice(0, placeholders));
}

const each =
  (register: (name: string, body: Hook) => void) =>
  (rows: readonly unknown[]) =>
  (title: string, body: Body): void => {
    rows.forEach((row, place) => {
      register(titled(title, row, place), () => body(...([row].flat() as never[])));
    });
  };

test.each = each(test);
describe.each = each(describe);

export const it = test;

export function beforeEach(hook: Hook): void {
  suite.before.push(hook);
}

export function afterEach(hook: Hook): void {
  suite.after.push(hook);
}
