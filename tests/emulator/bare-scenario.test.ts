/** Scenarios that somebody wrote down: replayed and compiled by the command line, or refused in a line that says where. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { main } from "../../cli/main.ts";
import { init, lookup, program, run, scenario, timerMap } from "../../scenario/build.ts";
import { compile } from "../../scenario/compile.ts";
import type { Scenario } from "../../scenario/scenario.ts";
import { fakeIo } from "../unit/cli/fake-io.ts";

const TWICE = scenario([timerMap(1)], [program([lookup(0, 0), init(0, 1), init(0, 1)])], [run()]);

let folder = "";
let file = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "timerconf-"));
  file = join(folder, "scenario.json");
});
afterEach(() => rm(folder, { recursive: true }));

async function timerconf(...argv: string[]) {
  const { io, out, err } = fakeIo();
  return { code: await main(argv, io), out: out(), err: err() };
}

const save = (value: unknown) => writeFile(file, JSON.stringify(value));

describe("a scenario that is not compiled", () => {
  it("is replayed, and judged by all guarantees", async () => {
    await save(TWICE);
    const healthy = await timerconf("replay", file, "--runtime", "emulator");
    expect(healthy).toMatchObject({ code: 0, err: "" });
    expect(healthy.out).toMatch(/bpf_timer_init.* = -EBUSY\n/);
    expect(healthy.out).toMatch(/all of them judged it, and none is violated\n$/);
    const broken = await timerconf("replay", file, "--runtime", "emulator+fault=init-twice-allowed");
    expect(broken).toMatchObject({ code: 1, err: "" });
    expect(broken.out).toContain("init.already-initialized is violated (returns): it returned 0");
  });

  it("becomes a case, in a file or on standard output", async () => {
    await save(TWICE);
    const { code, out } = await timerconf("compile", file);
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual({ ...compile(TWICE), origin: { scenario: TWICE } });
    const compiled = join(folder, "case.json");
    expect(await timerconf("compile", file, "--out", compiled)).toEqual({ code: 0, out: "", err: "" });
    expect(await readFile(compiled, "utf8")).toBe(out);
    expect(await timerconf("replay", compiled, "--runtime", "emulator")).toEqual(
      await timerconf("replay", file, "--runtime", "emulator"),
    );
  });

  it("is not compiled twice, nor written where it cannot be", async () => {
    await save(compile(TWICE));
    const again = await timerconf("compile", file);
    expect(again).toMatchObject({
      code: 2,
      err: expect.stringMatching(/^timerconf: .*json is compiled already: .*\n$/),
    });
    await save(TWICE);
    const nowhere = await timerconf("compile", file, "--out", join(file, "case.json"));
    expect(nowhere.err).toMatch(/^timerconf: cannot write .*: a part of the path is not a folder\n$/);
    expect(nowhere.code).toBe(2);
  });
});

describe("a scenario that cannot be used is refused in one line", () => {
  const [map = timerMap(1)] = TWICE.maps;
  const inProgram = (operations: Scenario["programs"][number]["operations"]): Scenario => ({
    ...TWICE,
    programs: [program(operations)],
  });
  it.each<[unknown, string]>([
    [{ ...TWICE, extra: 1 }, 'Unrecognized key: "extra"'],
    [{ ...TWICE, steps: [{ kind: "walk" }] }, "steps[0].kind: "],
    [{ ...TWICE, steps: [{ kind: "run", program: -1 }] }, "steps[0].program: "],
    [{ ...TWICE, steps: [{ kind: "run", program: 7 }] }, "step 0 (run) names program 7, which the scenario lacks"],
    [inProgram([lookup(5, 0)]), "programs[0].operations[0].map: there is no map 5"],
    [inProgram([init(0, 1)]), "program 0 program: operation 0 uses element 0, which no lookup before it fills"],
    [
      inProgram([{ ...init(0, 1), offsetDelta: 2 ** 20 } as never]),
      "programs[0].operations[0].offsetDelta: 1048576 is",
    ],
    [{ ...TWICE, maps: [{ ...map, maxEntries: 2 ** 32 }] }, "maps[0].maxEntries: 4294967296 is beyond 4294967295"],
    [{ ...TWICE, maps: [{ ...map, innerMap: 3 }] }, "maps[0].innerMap: there is no map 3"],
    [
      { ...TWICE, maps: [{ ...map, value: { ...map.value, size: 16 } }] },
      "maps[0].value.fields[1]: a timer at 8 does not end within a value of 16 bytes",
    ],
    [{ ...TWICE, maps: [{ ...map, value: { size: 2 ** 40, fields: [] } }] }, "maps[0].value.size: 1099511627776 is"],
  ])("%#: %s", async (value, where) => {
    await save(value);
    for (const argv of [["compile"], ["replay", "--runtime", "emulator"]]) {
      const { code, out, err } = await timerconf(...argv, file);
      expect({ code, out }).toEqual({ code: 2, out: "" });
      expect(err.startsWith(`timerconf: ${file} is not a scenario that can be compiled: ${where}`)).toBe(true);
      expect(err).toMatch(/^[^\n]+\n$/);
    }
  });
});
