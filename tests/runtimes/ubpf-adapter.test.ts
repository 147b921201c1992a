/** examples/ubpf-adapter against an installed libubpf, which this repository neither has nor builds. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { main } from "../../cli/main.ts";
import { type GuaranteeResult, resultsSchema } from "../../conformance/results.ts";
import { isGreenVerdict } from "../../conformance/verdicts.ts";
import { fakeIo } from "../unit/cli/fake-io.ts";
import { compileC } from "./adapters.ts";

const SOURCE = join(import.meta.dirname, "../../examples/ubpf-adapter/ubpf-adapter.c");
const LIBRARIES = ["-lubpf", "-lm"];
const WHOLE_CATALOGUE_MS = 300_000;

/** Whether the compiler finds the library; a compiler that is missing is another matter, and fails. */
function isInstalled(): boolean {
  const input = "#include <ubpf.h>\nint main(void) { ubpf_destroy(ubpf_create()); }\n";
  const flags = ["-x", "c", "-o", "/dev/null", "-", ...LIBRARIES];
  const { status, error } = spawnSync("cc", flags, { input });
  if (error !== undefined) throw error;
  return status === 0;
}

const isLeftOut = !isInstalled();
const reason = isLeftOut ? ", left out because cc finds no <ubpf.h> with -lubpf" : "";
if (isLeftOut) console.warn(`tests of examples/ubpf-adapter${reason}`);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "timerconf-ubpf-adapter-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** Compiles the adapter: where it is, and what the compiler had to say. */
async function compiled(fault: string): Promise<{ adapter: string; complaints: string }> {
  const adapter = join(folder, fault);
  return { adapter, complaints: await compileC(SOURCE, adapter, `-DFAULT=${fault}`, ...LIBRARIES) };
}

async function run(adapter: string, ...more: string[]): Promise<{ code: number; results: GuaranteeResult[] }> {
  const { io } = fakeIo();
  const code = await main(["run", "--runtime", `process:${adapter}`, "--seed", "7", "--out", folder, ...more], io);
  const { results } = resultsSchema.parse(JSON.parse(await readFile(join(folder, "report.json"), "utf8")));
  return { code, results };
}

describe.skipIf(isLeftOut)(`the uBPF adapter${reason}`, () => {
  it("compiles without a warning", async () => {
    expect((await compiled("NONE")).complaints).toBe("");
  });

  it(
    "is green, and most guarantees apply to it",
    async () => {
      const { adapter } = await compiled("NONE");
      const { code, results } = await run(adapter, "--cases", "10");
      expect(results.filter(({ verdict }) => !isGreenVerdict(verdict))).toEqual([]);
      expect(code).toBe(0);
      const applies = results.filter(({ verdict }) => verdict !== "not-applicable");
      expect(applies.length).toBeGreaterThan(0.75 * results.length);
    },
    WHOLE_CATALOGUE_MS,
  );

  it.each([
    ["IGNORES_BUSY", "init.already-initialized"],
    ["DELETE_KEEPS_TIMER", "ownership.user-delete-frees"],
    ["FIRES_EARLY", "start.not-before-expiry"],
  ])("is caught where %s", async (fault, guarantee) => {
    const { adapter } = await compiled(fault);
    const { code, results } = await run(adapter, "--cases", "20", "--guarantee", guarantee);
    expect(results.find((result) => result.guarantee === guarantee)?.verdict).toBe("violated");
    expect(code).toBe(1);
  });
});
