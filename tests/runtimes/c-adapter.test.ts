/** examples/c-adapter as it is handed out: wired to nothing. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../cli/main.ts";
import { resultsSchema } from "../../conformance/results.ts";
import { helloSchema } from "../../harness/process/protocol.ts";
import { loadCatalogue } from "../../specs/catalogue.ts";
import { fakeIo } from "../unit/cli/fake-io.ts";
import { compileC, greeting, talk } from "./adapters.ts";

const SOURCE = join(import.meta.dirname, "../../examples/c-adapter/adapter.c");
const WHOLE_CATALOGUE_MS = 120_000;

let folder = "";
let adapter = "";
let complaints = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "timerconf-c-adapter-"));
  adapter = join(folder, "adapter");
  complaints = await compileC(SOURCE, adapter, "-Wpedantic");
});
afterAll(() => rm(folder, { recursive: true }));

describe("the C adapter, wired to nothing", () => {
  it("compiles without a warning", () => {
    expect(complaints).toBe("");
  });

  it("says that it has nothing", () => {
    const { status, hello } = talk(adapter, greeting());
    expect(status).toBe(0);
    const none = { mapTypes: [], programTypes: [], helpers: [], kfuncs: [], steps: [] };
    expect(helloSchema.parse(hello)).toMatchObject({ executes: false, verifies: false, ...none });
  });

  it(
    "has no guarantee apply to it, and the run is green",
    async () => {
      const { io, out } = fakeIo();
      const code = await main(
        ["run", "--runtime", `process:${adapter}`, "--cases", "2", "--seed", "7", "--out", folder],
        io,
      );
      const catalogue = await loadCatalogue();
      expect(code).toBe(0);
      expect(out()).toContain(`\n${catalogue.length} not-applicable (`);
      const { results } = resultsSchema.parse(JSON.parse(await readFile(join(folder, "report.json"), "utf8")));
      expect(results.map(({ verdict }) => verdict)).toEqual(catalogue.map(() => "not-applicable"));
    },
    WHOLE_CATALOGUE_MS,
  );

  it("refuses to speak another version of the protocol", () => {
    const { status, stderr, hello } = talk(adapter, greeting(2));
    expect({ status, hello }).toEqual({ status: 1, hello: undefined });
    expect(stderr).toBe("adapter: no greeting: the other side speaks protocol 2, this is 1\n");
  });

  it("says of a case in another format which one it reads", () => {
    const format = "bpf-timer-conformance/scenario";
    const { answers } = talk(adapter, greeting(), { id: 4, scenario: { format, version: 4 } });
    expect(answers).toEqual([{ id: 4, error: `a case of ${format} 4 came, this adapter reads ${format} 3` }]);
  });

  it("answers the next case after one that it cannot read", () => {
    const { answers } = talk(adapter, greeting(), { id: 1, scenario: [] }, { id: 2, scenario: {} });
    expect(answers).toEqual([
      { id: 1, error: "malformed request: scenario" },
      { id: 2, error: "malformed request: format" },
    ]);
  });

  it.each(["no JSON", '{"id":"one"}', '{"id":0,"scenario":1.5}', "[".repeat(100)])(
    "ends at a line that names no case: %s",
    (line) => {
      const { status, stderr, answers } = talk(adapter, greeting(), line);
      expect({ status, answers }).toEqual({ status: 1, answers: [] });
      expect(stderr).toMatch(/^adapter: a line names no case: .+\n$/);
    },
  );
});
